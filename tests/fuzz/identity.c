/* SPDX-License-Identifier: Apache-2.0
 * Identity files, plain or sealed: what is one has a kind, an id of that kind, keys that are bound,
 * and no byte that means nothing. No box is opened: its cost is bounded, and that is too much here.
 */
#include "common/identity.h"
#include "common/file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_identity_file file;
    struct vg_identity_text text;
    struct vg_error error = {0};
    const struct vg_identity *identity = &file.identity;
    enum vg_code code =
        vg_identity_file_read(fuzz_file(vg_span_of(data, size)), VG_SECRET_OWN, &file, &error);
    if (code != VG_OK) {
        fuzz_refused(code, &error);
        return 0;
    }
    vg_identity_format(&file, &text);
    assert(vg_span_equal(vg_span_of(text.text, text.size), vg_span_of(data, size)));
    bool is_node = identity->kind == VG_IDENTITY_NODE;
    assert(is_node || identity->kind == VG_IDENTITY_PERSON);
    assert(is_node == (identity->node.value != 0));
    assert(!is_node || vg_id_is_zero(&identity->id));
    assert(!file.sealed || vg_seal_is_bounded(&file.seal));
    return 0;
}
