// SPDX-License-Identifier: MIT
/* What every object can be asked. */
#include "internal.h"

__EXPORT zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void *buffer,
					size_t buffer_size, size_t *actual_count,
					size_t *avail_count)
{
	struct zx_ioc_object_get_info arg = {
		.size = sizeof(arg),
		.topic = topic,
		.buffer = to_u64(buffer),
		.buffer_size = buffer_size,
		.actual = to_u64(actual_count),
		.avail = to_u64(avail_count),
	};

	if (handle_is_self(handle))
		return libzx_self_get_info(handle, topic, buffer, buffer_size, actual_count,
					   avail_count);
	return libzx_call(handle, ZX_IOC_OBJECT_GET_INFO, &arg);
}

__EXPORT zx_status_t zx_object_wait_one(zx_handle_t handle, zx_signals_t signals,
					zx_time_t deadline, zx_signals_t *observed)
{
	struct zx_ioc_object_wait_one arg = {
		.size = sizeof(arg),
		.signals = signals,
		.deadline = deadline,
		.handle = handle,
		.observed = to_u64(observed),
	};

	return libzx_call(handle, ZX_IOC_OBJECT_WAIT_ONE, &arg);
}

__EXPORT zx_status_t zx_object_wait_many(zx_wait_item_t *items, size_t num_items,
					 zx_time_t deadline)
{
	struct zx_ioc_object_wait_many arg = {
		.size = sizeof(arg),
		.count = num_items,
		.deadline = deadline,
		.items = to_u64(items),
	};

	if (num_items > ZX_WAIT_MANY_MAX_ITEMS)
		return ZX_ERR_OUT_OF_RANGE;
	return libzx_call_any(ZX_IOC_OBJECT_WAIT_MANY, &arg);
}

__EXPORT zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port, uint64_t key,
					  zx_signals_t signals, uint32_t options)
{
	struct zx_ioc_object_wait_async arg = {
		.size = sizeof(arg),
		.port = port,
		.key = key,
		.signals = signals,
		.options = options,
	};

	return libzx_call(handle, ZX_IOC_OBJECT_WAIT_ASYNC, &arg);
}

__EXPORT zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask)
{
	struct zx_ioc_object_signal arg = {
		.size = sizeof(arg), .clear = clear_mask, .set = set_mask,
	};

	return libzx_call(handle, ZX_IOC_OBJECT_SIGNAL, &arg);
}

__EXPORT zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask,
					   uint32_t set_mask)
{
	struct zx_ioc_object_signal arg = {
		.size = sizeof(arg), .clear = clear_mask, .set = set_mask,
	};

	return libzx_call(handle, ZX_IOC_OBJECT_SIGNAL_PEER, &arg);
}

__EXPORT zx_status_t zx_object_get_property(zx_handle_t handle, uint32_t property, void *value,
					    size_t value_size)
{
	struct zx_ioc_object_property arg = {
		.size = sizeof(arg),
		.property = property,
		.value = to_u64(value),
		.value_size = value_size,
	};

	return libzx_call(handle, ZX_IOC_OBJECT_GET_PROPERTY, &arg);
}

__EXPORT zx_status_t zx_object_set_property(zx_handle_t handle, uint32_t property,
					    const void *value, size_t value_size)
{
	struct zx_ioc_object_property arg = {
		.size = sizeof(arg),
		.property = property,
		.value = to_u64(value),
		.value_size = value_size,
	};

	return libzx_call(handle, ZX_IOC_OBJECT_SET_PROPERTY, &arg);
}
