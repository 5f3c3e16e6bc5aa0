/* SPDX-License-Identifier: Apache-2.0
 * Texts that people and programs write: ids, hex, base64, times, durations, numbers, addresses,
 * names of sessions, titles in a table. What is read and written again is what was read, or reads
 * as the same. The first byte chooses the reader. */
#include "common/text.h"
#include <stdlib.h>

#include "common/dial/link.h"
#include "ops/cli/core/command.h"
#include "ops/cli/core/session.h"
#include "ops/cli/core/terminal.h"
#include "tests/fuzz/fuzz.h"

static void id(const char *text)
{
    vg_id read, again;
    char written[VG_ID_TEXT];
    if (!vg_id_parse(text, &read))
        return;
    vg_id_format(&read, written);
    assert(strlen(text) == strlen(written) && vg_id_parse(written, &again));
    assert(vg_id_equal(&read, &again));
}

static void hex(const char *text)
{
    uint8_t read[4], again[4];
    char written[2 * sizeof read + 1];
    if (!vg_hex_parse(text, read, sizeof read))
        return;
    vg_hex_format(vg_span_of(read, sizeof read), written);
    assert(strlen(text) == strlen(written) && vg_hex_parse(written, again, sizeof again));
    assert(memcmp(read, again, sizeof read) == 0);
}

static void base64(const char *text)
{
    struct vg_buffer read = {0}, written = {0};
    if (vg_base64_parse(vg_span_text(text), &read)) {
        vg_base64_format(vg_buffer_span(&read), &written);
        assert(vg_span_equal(vg_buffer_span(&written), vg_span_text(text)));
    }
    vg_buffer_free(&read);
    vg_buffer_free(&written);
}

static void time_of_day(const char *text)
{
    uint64_t read, again;
    char written[VG_TIME_TEXT];
    if (!vg_time_parse(text, &read))
        return;
    vg_time_format(read, written);
    assert(vg_time_parse(written, &again) && again == read);
}

static void number(const char *text)
{
    uint64_t read;
    struct vg_error error = {0};
    enum vg_code code = cli_number_parse(text, "a number", 3, 1000000, &read, &error);
    if (code == VG_OK)
        assert(read >= 3 && read <= 1000000);
    else
        fuzz_refused(code, &error);
}

static void duration(const char *text)
{
    uint32_t read;
    struct vg_error error = {0};
    enum vg_code code = cli_duration_parse(text, "a duration", &read, &error);
    if (code != VG_OK)
        fuzz_refused(code, &error);
}

static void address(const char *text)
{
    struct vg_error error = {0};
    enum vg_code code = dial_url_check(text, &error);
    if (code != VG_OK)
        fuzz_refused(code, &error);
}

static void session(const char *text)
{
    assert(!cli_session_valid(text) || strchr(text, '/') == NULL);
}

/* Nothing of it steers a terminal, and it fits where it was cut to. */
static void cell(const char *text)
{
    size_t cut = strlen(text) % 8;
    struct cli_cell made = {0};
    if (!vg_utf8_valid(vg_span_text(text)))
        return;
    made = cli_cell_of(text, cut);
    for (const char *at = made.text; *at != '\0'; at++)
        assert((unsigned char)*at >= ' ' &&
               ((*at & 0xc0) == 0x80 || cli_hidden_character(at) == 0));
    assert((cut == 0 || made.width <= cut) && vg_utf8_valid(vg_span_text(made.text)));
    free(made.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const char *) = {id,       hex,     base64,  time_of_day, number,
                                                    duration, address, session, cell};
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    uint64_t choice = fuzz_below(&input, sizeof readers / sizeof readers[0]);
    vg_span rest = fuzz_rest(&input);
    struct vg_buffer text = {0};
    vg_buffer_append(&text, rest.data, rest.size);
    vg_buffer_append(&text, "", 1);
    readers[choice]((const char *)text.data);
    vg_buffer_free(&text);
    return 0;
}
