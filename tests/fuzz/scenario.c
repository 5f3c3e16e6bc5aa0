/* SPDX-License-Identifier: Apache-2.0
 * The language scn/1: whatever the lines say, each is answered, and the run has an exit status. */
#include <stdio.h>

#include "tests/fuzz/fuzz.h"
#include "tests/scenario/script.h"

enum { LINES_MAX = 64 };

/* The next line, cut after SCRIPT_LINE + 1 bytes as raft-scn does; its size. */
static size_t take_line(struct vg_reader *input, char line[SCRIPT_LINE + 2])
{
    size_t size = 0;
    while (input->at < input->end) {
        char byte = (char)vg_read_u8(input);
        if (byte == '\n')
            break;
        if (size <= SCRIPT_LINE)
            line[size++] = byte;
    }
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char line[SCRIPT_LINE + 2];
    static FILE *out;
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    if (out == NULL)
        out = fopen("/dev/null", "w");
    assert(out != NULL);
    struct session session = {.out = out};
    for (int i = 0; i < LINES_MAX && input.at < input.end; i++)
        if (!session_line(&session, line, take_line(&input, line)))
            break;
    enum script_exit code = session_finish(&session);
    assert(code >= EXIT_OK && code <= EXIT_VIOLATION);
    world_free(session.world);
    return 0;
}
