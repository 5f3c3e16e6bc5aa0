/* SPDX-License-Identifier: Apache-2.0
 * Histories: what is one has its operations in order, and the checker comes to an end with it. */
#include "ops/drill/check/history.h"
#include "ops/drill/check/linear.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct history_object *object)
{
    static const struct linear_limits limits = {.memory_max = 1 << 20};
    struct linear_finding finding;
    uint64_t line = 1;
    for (size_t i = 0; i < object->count; i++) {
        const struct history_operation *operation = &object->operations[i];
        assert(operation->called > line && operation->returned > operation->called);
        assert(operation->outcome != HISTORY_OPEN);
        line = operation->called;
    }
    if (linear_check(object, &limits, &finding) != LINEAR_YES)
        assert(memchr(finding.text, '\0', sizeof finding.text) != NULL && finding.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct history history;
    struct vg_error error = {0};
    enum vg_code code = history_parse("h", vg_span_of(data, size), &history, &error);
    size_t operations = 0;
    if (code != VG_OK)
        fuzz_refused(code, &error);
    for (size_t i = 0; code == VG_OK && i < history.object_count; i++) {
        operations += history.objects[i].count;
        check(&history.objects[i]);
    }
    assert(code != VG_OK || operations == history.operation_count);
    history_free(&history);
    return 0;
}
