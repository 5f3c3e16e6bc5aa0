/* SPDX-License-Identifier: Apache-2.0
 * Questions of clients, as JSON: what is taken is within the bounds of docs/protocol.md. */
#include "node/api/api.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t wait_ms_max = 30000;
    struct api_query query;
    struct vg_error error = {0};
    enum vg_code code = api_query_parse(vg_span_of(data, size), &query, &error);
    if (code != VG_OK) {
        fuzz_refused(code, &error);
        return 0;
    }
    assert(query.limit >= 1 && query.limit <= API_PAGE_MAX);
    assert(query.count >= 1 && query.count <= API_VERIFY_MAX);
    assert(query.wait_ms <= wait_ms_max);
    assert(memchr(query.compartment, '\0', sizeof query.compartment) != NULL);
    assert(memchr(query.after_text, '\0', sizeof query.after_text) != NULL);
    return 0;
}
