/* SPDX-License-Identifier: MIT */
/* What a handle permits. Which call needs which right stands at the call. */
#ifndef ZIRCON_RIGHTS_H_
#define ZIRCON_RIGHTS_H_

#include <linux/types.h>
#include <stdint.h>

typedef uint32_t zx_rights_t;

#define ZX_RIGHT_NONE			((__u32)0)
#define ZX_RIGHT_DUPLICATE		((__u32)1 << 0)
#define ZX_RIGHT_TRANSFER		((__u32)1 << 1)
#define ZX_RIGHT_READ			((__u32)1 << 2)
#define ZX_RIGHT_WRITE			((__u32)1 << 3)
#define ZX_RIGHT_EXECUTE		((__u32)1 << 4)
#define ZX_RIGHT_MAP			((__u32)1 << 5)
#define ZX_RIGHT_GET_PROPERTY		((__u32)1 << 6)
#define ZX_RIGHT_SET_PROPERTY		((__u32)1 << 7)
#define ZX_RIGHT_ENUMERATE		((__u32)1 << 8)
#define ZX_RIGHT_DESTROY		((__u32)1 << 9)
#define ZX_RIGHT_SET_POLICY		((__u32)1 << 10)
#define ZX_RIGHT_GET_POLICY		((__u32)1 << 11)
#define ZX_RIGHT_SIGNAL			((__u32)1 << 12)
#define ZX_RIGHT_SIGNAL_PEER		((__u32)1 << 13)
#define ZX_RIGHT_WAIT			((__u32)1 << 14)
#define ZX_RIGHT_INSPECT		((__u32)1 << 15)
#define ZX_RIGHT_MANAGE_JOB		((__u32)1 << 16)
#define ZX_RIGHT_MANAGE_PROCESS		((__u32)1 << 17)
#define ZX_RIGHT_MANAGE_THREAD		((__u32)1 << 18)
#define ZX_RIGHT_APPLY_PROFILE		((__u32)1 << 19)
#define ZX_RIGHT_MANAGE_SOCKET		((__u32)1 << 20)
#define ZX_RIGHT_OP_CHILDREN		((__u32)1 << 21)
#define ZX_RIGHT_RESIZE			((__u32)1 << 22)
#define ZX_RIGHT_ATTACH_VMO		((__u32)1 << 23)
#define ZX_RIGHT_MANAGE_VMO		((__u32)1 << 24)
#define ZX_RIGHT_SAME_RIGHTS		((__u32)1 << 31)

#define ZX_RIGHTS_BASIC \
	(ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE | ZX_RIGHT_WAIT | ZX_RIGHT_INSPECT)
#define ZX_RIGHTS_IO			(ZX_RIGHT_READ | ZX_RIGHT_WRITE)
#define ZX_RIGHTS_PROPERTY		(ZX_RIGHT_GET_PROPERTY | ZX_RIGHT_SET_PROPERTY)
#define ZX_RIGHTS_POLICY		(ZX_RIGHT_GET_POLICY | ZX_RIGHT_SET_POLICY)

#endif
