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

#define __UNUSED	__attribute__((__unused__))
#define __USED		__attribute__((__used__))
#define __PACKED	__attribute__((__packed__))
#define __ALIGNED(n)	__attribute__((__aligned__(n)))
#define __NO_RETURN	__attribute__((__noreturn__))
#define __ALWAYS_INLINE	__attribute__((__always_inline__))
#define __WEAK		__attribute__((__weak__))
#define __WARN_UNUSED_RESULT	__attribute__((__warn_unused_result__))

#endif
