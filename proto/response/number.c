/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/number.h"

#include <assert.h>
#include <string.h>

uint64_t response_number_at(const void *member, size_t size)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    switch (size) {
    case sizeof u8:
        memcpy(&u8, member, sizeof u8);
        return u8;
    case sizeof u16:
        memcpy(&u16, member, sizeof u16);
        return u16;
    case sizeof u32:
        memcpy(&u32, member, sizeof u32);
        return u32;
    default:
        assert(size == sizeof u64);
        memcpy(&u64, member, sizeof u64);
        return u64;
    }
}

void response_number_set(void *member, size_t size, uint64_t value)
{
    uint8_t u8 = (uint8_t)value;
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;
    switch (size) {
    case sizeof u8:
        memcpy(member, &u8, size);
        break;
    case sizeof u16:
        memcpy(member, &u16, size);
        break;
    case sizeof u32:
        memcpy(member, &u32, size);
        break;
    default:
        assert(size == sizeof value);
        memcpy(member, &value, size);
    }
}
