/* SPDX-License-Identifier: Apache-2.0
 * The configuration of `vigil`: what is taken finds each of its contexts by name. */
#include "ops/cli/core/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cli_config *config = NULL;
    struct vg_error error = {0};
    enum vg_code code = cli_config_load(fuzz_file(vg_span_of(data, size)), &config, &error);
    if (code != VG_OK) {
        fuzz_refused(code, &error);
        return 0;
    }
    for (unsigned i = 0; i < config->contexts_count; i++)
        assert(cli_config_find(config, config->contexts[i].name) != NULL);
    cli_config_free(config);
    return 0;
}
