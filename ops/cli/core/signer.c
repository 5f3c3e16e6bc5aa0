/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/passphrase.h"
#include "ops/agent/agent.h"
#include "ops/cli/core/place.h"

enum vg_code cli_identity_ask(struct vg_identity_file *file, const char *path, const char *remedy,
                              struct vg_error *error)
{
    struct vg_passphrase passphrase;
    char prompt[256];
    snprintf(prompt, sizeof prompt, "Passphrase of %s", path);
    enum vg_code code = vg_passphrase_ask(prompt, remedy, &passphrase, error);
    if (code == VG_OK)
        code = vg_identity_open(file, path, vg_passphrase_span(&passphrase), error);
    vg_wipe(&passphrase, sizeof passphrase);
    return code;
}

/* The agent's socket, if it holds the key. One that does not answer well holds none, and `why` says
 * what is wrong with it; that none runs is no fault. */
static char *agent_with(const vg_public_key *key, struct vg_error *why)
{
    struct agent_held held[AGENT_KEYS_MAX];
    unsigned count = 0;
    char *place = cli_agent_place();
    if (agent_held(place, held, &count, why) == VG_UNAVAILABLE)
        why->code = VG_OK;
    for (unsigned i = 0; i < count; i++)
        if (memcmp(held[i].pub.bytes, key->bytes, sizeof key->bytes) == 0)
            return place;
    free(place);
    return NULL;
}

static enum vg_code open_by_hand(const char *path, const struct vg_error *why,
                                 struct vg_identity_file *file, struct vg_error *error)
{
    bool agent_is_ill = why->code != VG_OK;
    if (agent_is_ill && isatty(STDERR_FILENO))
        fprintf(stderr, "vigil: note: %s\n", why->text);
    return cli_identity_ask(
        file, path, agent_is_ill ? why->text : "give it to the agent first: vigil identity unlock",
        error);
}

enum vg_code cli_signer_open(const char *path, struct cli_signer *out, struct vg_error *error)
{
    struct vg_identity_file file;
    struct vg_error why = {.code = VG_OK};
    *out = (struct cli_signer){.agent = NULL};
    enum vg_code code = vg_identity_file_read(path, VG_SECRET_OWN, &file, error);
    if (code == VG_OK && file.sealed)
        out->agent = agent_with(&file.identity.pub, &why);
    if (code == VG_OK && file.sealed && out->agent == NULL)
        code = open_by_hand(path, &why, &file, error);
    if (code == VG_OK)
        out->identity = file.identity;
    vg_wipe(&file, sizeof file);
    return code;
}

void cli_signer_close(struct cli_signer *signer)
{
    free(signer->agent);
    vg_wipe(signer, sizeof *signer);
}

enum vg_code cli_signer_sign(const struct cli_signer *signer, struct ledger_command *command,
                             struct vg_buffer *out, struct vg_error *error)
{
    size_t size = ledger_command_size(command);
    uint8_t *bytes = vg_buffer_extend(out, size);
    if (signer->agent == NULL) {
        ledger_command_sign(command, &vg_signer_ed25519, &signer->identity.secret, bytes);
        return VG_OK;
    }
    ledger_command_encode(command, bytes);
    enum vg_code code = agent_sign(signer->agent, &signer->identity.pub, vg_span_of(bytes, size),
                                   &command->signature, error);
    if (code == VG_OK)
        ledger_command_encode(command, bytes);
    return code;
}

enum vg_code cli_signer_dh(void *signer, const vg_channel_public *theirs,
                           uint8_t shared[VG_CHANNEL_KEY_SIZE], struct vg_error *error)
{
    const struct cli_signer *own = signer;
    if (own->agent != NULL)
        return agent_dh(own->agent, &own->identity.channel_pub, theirs, shared, error);
    vg_channel_dh(&own->identity.channel_secret, theirs,
                  shared); /* zeros are the caller's to see */
    return VG_OK;
}
