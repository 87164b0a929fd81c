/* SPDX-License-Identifier: MIT */
/* The few words of Zircon's compiler header that its other headers use. */
#ifndef ZIRCON_COMPILER_H_
#define ZIRCON_COMPILER_H_

#ifdef __cplusplus
#define __BEGIN_CDECLS	extern "C" {
#define __END_CDECLS	}
#else
#define __BEGIN_CDECLS
#define __END_CDECLS
#endif

#define __EXPORT	__attribute__((__visibility__("default")))
#define __LOCAL		__attribute__((__visibility__("hidden")))

#endif
