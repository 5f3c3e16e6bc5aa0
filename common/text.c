/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

enum { MS_PER_DAY = 86400000 };
static const uint64_t LAST_TIME_MS = 253402300799999U; /* 9999-12-31T23:59:59.999Z */

void vg_hex_format(vg_span bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        out[2 * i] = digits[bytes.data[i] >> 4];
        out[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    out[2 * bytes.size] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool vg_hex_parse(const char *text, void *out, size_t size)
{
    uint8_t *bytes = out;
    if (strlen(text) != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

void vg_fingerprint_format(const vg_hash *hash, char out[VG_FINGERPRINT_TEXT])
{
    enum { GROUP = 4, GROUPS = 2 * VG_FINGERPRINT_SIZE / GROUP };
    char digits[2 * VG_FINGERPRINT_SIZE + 1];
    vg_hex_format(vg_span_of(hash->bytes, VG_FINGERPRINT_SIZE), digits);
    for (size_t i = 0; i < GROUPS; i++) {
        memcpy(out + i * (GROUP + 1), digits + i * GROUP, GROUP);
        out[i * (GROUP + 1) + GROUP] = i + 1 < GROUPS ? ' ' : '\0';
    }
}

bool vg_fingerprint_parse(const char *text, uint8_t out[VG_FINGERPRINT_SIZE])
{
    char digits[2 * VG_FINGERPRINT_SIZE + 1] = "";
    size_t count = 0;
    for (; *text != '\0'; text++) {
        if (strchr(" -:", *text) != NULL)
            continue;
        if (count == sizeof digits - 1)
            return false;
        digits[count++] = *text;
    }
    return vg_hex_parse(digits, out, VG_FINGERPRINT_SIZE);
}

void vg_base64_format(vg_span bytes, struct vg_buffer *out)
{
    size_t room = sodium_base64_ENCODED_LEN(bytes.size, sodium_base64_VARIANT_ORIGINAL);
    char *text = (char *)vg_buffer_extend(out, room);
    sodium_bin2base64(text, room, bytes.data, bytes.size, sodium_base64_VARIANT_ORIGINAL);
    out->size--; /* the end that sodium writes */
}

/* libsodium 1.0.18 takes some bytes beyond ASCII for letters of base64. */
static bool is_ascii(vg_span text)
{
    uint8_t bits = 0;
    for (size_t i = 0; i < text.size; i++)
        bits |= text.data[i];
    return (bits & 0x80) == 0;
}

bool vg_base64_parse(vg_span text, struct vg_buffer *out)
{
    size_t before = out->size;
    size_t size = 0;
    const char *end = NULL;
    uint8_t *bytes = vg_buffer_extend(out, text.size + 1);
    int rc = sodium_base642bin(bytes, text.size + 1, (const char *)text.data, text.size, NULL,
                               &size, &end, sodium_base64_VARIANT_ORIGINAL);
    out->size = before + size;
    return rc == 0 && end == (const char *)text.data + text.size && is_ascii(text);
}

void vg_id_format(const vg_id *id, char out[VG_ID_TEXT])
{
    static const struct {
        uint8_t from, size, at;
    } groups[] = {{0, 4, 0}, {4, 2, 9}, {6, 2, 14}, {8, 2, 19}, {10, 6, 24}};
    for (size_t i = 0; i < 5; i++) {
        vg_hex_format(vg_span_of(id->bytes + groups[i].from, groups[i].size), out + groups[i].at);
        if (i < 4)
            out[groups[i].at + 2 * groups[i].size] = '-';
    }
}

bool vg_id_parse(const char *text, vg_id *out)
{
    char hex[33];
    size_t n = 0;
    if (strlen(text) != VG_ID_TEXT - 1)
        return false;
    for (size_t i = 0; i < VG_ID_TEXT - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text[i] == '-'))
            return false;
        if (!dash)
            hex[n++] = text[i];
    }
    hex[n] = '\0';
    return vg_hex_parse(hex, out->bytes, sizeof out->bytes);
}

vg_id vg_uuid7_make(uint64_t time_ms, const uint8_t random[10])
{
    vg_id id;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(time_ms >> (8 * (5 - i)));
    memcpy(id.bytes + 6, random, 10);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x70);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

bool vg_uuid7_valid(const vg_id *id)
{
    return (id->bytes[6] & 0xf0) == 0x70 && (id->bytes[8] & 0xc0) == 0x80;
}

uint64_t vg_uuid7_time_ms(const vg_id *id)
{
    uint64_t time_ms = 0;
    for (int i = 0; i < 6; i++)
        time_ms = time_ms << 8 | id->bytes[i];
    return time_ms;
}

/* Days since 1970-01-01 of a proleptic Gregorian date; Hinnant, "chrono-compatible low-level date
 * algorithms", for years from 0. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = days / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

/* Exactly `count` digits; returns what is behind them. */
static char *put_digits(char *at, int count, unsigned value)
{
    for (int i = count; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + count;
}

void vg_time_format(uint64_t time_ms, char out[VG_TIME_TEXT])
{
    int year, month, day;
    if (time_ms > LAST_TIME_MS)
        time_ms = LAST_TIME_MS;
    civil_from_days((int64_t)(time_ms / MS_PER_DAY), &year, &month, &day);
    unsigned ms = (unsigned)(time_ms % MS_PER_DAY);
    const struct {
        int count;
        unsigned value;
        char behind;
    } parts[] = {{4, (unsigned)year, '-'}, {2, (unsigned)month, '-'}, {2, (unsigned)day, 'T'},
                 {2, ms / 3600000, ':'},   {2, ms / 60000 % 60, ':'}, {2, ms / 1000 % 60, '.'},
                 {3, ms % 1000, 'Z'}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        out = put_digits(out, parts[i].count, parts[i].value);
        *out++ = parts[i].behind;
    }
    *out = '\0';
}

/* Exactly `count` decimal digits at *at, within [low, high]; moves *at behind them. */
static bool take_number(const char **at, int count, int low, int high, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        *value = *value * 10 + (c - '0');
    }
    *at += count;
    return *value >= low && *value <= high;
}

static bool take_char(const char **at, const char *any_of)
{
    if (**at == '\0' || strchr(any_of, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

static bool take_fraction(const char **at, int *ms)
{
    *ms = 0;
    if (**at != '.')
        return true;
    (*at)++;
    int digits = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++, digits++) {
        if (digits < 3)
            *ms = *ms * 10 + (**at - '0');
    }
    for (int i = digits; i < 3; i++)
        *ms *= 10;
    return digits > 0;
}

static bool take_zone(const char **at, int *offset_minutes)
{
    *offset_minutes = 0;
    if (**at == 'Z' || **at == 'z') {
        (*at)++;
        return true;
    }
    int sign = **at == '-' ? -1 : 1;
    int hours, minutes;
    if (!take_char(at, "+-") || !take_number(at, 2, 0, 23, &hours) || !take_char(at, ":") ||
        !take_number(at, 2, 0, 59, &minutes))
        return false;
    *offset_minutes = sign * (hours * 60 + minutes);
    return true;
}

static int days_in_month(int year, int month)
{
    return (int)(days_from_civil(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
                 days_from_civil(year, month, 1));
}

bool vg_time_parse(const char *text, uint64_t *time_ms)
{
    int year, month, day, hour, minute, second, ms, offset;
    const char *at = text;
    bool ok = take_number(&at, 4, 1969, 9999, &year) && take_char(&at, "-") &&
              take_number(&at, 2, 1, 12, &month) && take_char(&at, "-") &&
              take_number(&at, 2, 1, days_in_month(year, month), &day) && take_char(&at, "Tt ") &&
              take_number(&at, 2, 0, 23, &hour) && take_char(&at, ":") &&
              take_number(&at, 2, 0, 59, &minute) && take_char(&at, ":") &&
              take_number(&at, 2, 0, 60, &second) && take_fraction(&at, &ms) &&
              take_zone(&at, &offset) && *at == '\0';
    if (!ok)
        return false;
    int64_t minutes = days_from_civil(year, month, day) * 1440 + hour * 60L + minute - offset;
    int64_t total_ms = (minutes * 60 + second) * 1000 + ms;
    if (total_ms < 0 || (uint64_t)total_ms > LAST_TIME_MS)
        return false;
    *time_ms = (uint64_t)total_ms;
    return true;
}

/* Length of the UTF-8 sequence a lead byte starts; 0 for a byte that starts none. */
static size_t utf8_length(uint8_t lead)
{
    if (lead < 0x80)
        return lead == 0 ? 0 : 1;
    if (lead < 0xc2)
        return 0;
    if (lead < 0xe0)
        return 2;
    if (lead < 0xf0)
        return 3;
    return lead < 0xf5 ? 4 : 0;
}

static bool utf8_second_byte_ok(uint8_t lead, uint8_t second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second <= 0x9f;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second <= 0x8f;
    default:
        return true;
    }
}

bool vg_utf8_valid(vg_span text)
{
    for (size_t i = 0, length; i < text.size; i += length) {
        length = utf8_length(text.data[i]);
        if (length == 0 || length > text.size - i)
            return false;
        for (size_t k = 1; k < length; k++) {
            if ((text.data[i + k] & 0xc0) != 0x80)
                return false;
        }
        if (length > 1 && !utf8_second_byte_ok(text.data[i], text.data[i + 1]))
            return false;
    }
    return true;
}
