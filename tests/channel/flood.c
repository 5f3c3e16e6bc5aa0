/* SPDX-License-Identifier: Apache-2.0
 * channel-flood URL KEY CLUSTER DOOR IDENTITY COUNT AT-ONCE HOW...: comes to a node's door COUNT
 * times, AT-ONCE connections at a time, in each of these ways in turn, and waits until the node
 * closes:
 *
 *     silent    says nothing            half      says half of message 1
 *     first     says message 1 of the identity, and nothing more
 *     stranger  the same with a key that nobody knows
 *     noise     random bytes in the place of message 1
 *
 * Prints how many the node has closed; exit code 1 if it kept one for ten seconds. */
#include <stdio.h>
#include <stdlib.h>

#include "common/identity.h"
#include "common/text.h"
#include "tests/lib/caller.h"

enum { AT_ONCE_MAX = 1024, WORDS = 8 };

static struct noise_static known, unknown;
static struct channel_terms terms;
static vg_channel_public theirs;

static void end_with(const char *why)
{
    fprintf(stderr, "channel-flood: %s\n", why);
    exit(2);
}

static void come(struct caller *caller, const char *url, const char *how)
{
    terms.self = strcmp(how, "stranger") == 0 ? &unknown : &known;
    if (!caller_dial(caller, url, &terms, &theirs))
        end_with("nobody listens");
    if (strcmp(how, "silent") == 0)
        vg_buffer_clear(&caller->out);
    if (strcmp(how, "half") == 0)
        caller->out.size /= 2;
    if (strcmp(how, "noise") == 0)
        vg_random(caller->out.data + CHANNEL_LENGTH_SIZE, CHANNEL_FIRST_SIZE);
    (void)caller_send(caller); /* it may be closed already */
}

static bool leave(struct caller *caller)
{
    bool closed = rude_was_closed(caller->fd);
    caller_end(caller);
    return closed;
}

static unsigned flood(const char *url, unsigned count, unsigned at_once, char *const *ways,
                      unsigned way_count)
{
    static struct caller callers[AT_ONCE_MAX];
    unsigned closed = 0;
    for (unsigned i = 0; i < count; i++) {
        if (i >= at_once)
            closed += leave(&callers[i % at_once]);
        come(&callers[i % at_once], url, ways[i % way_count]);
    }
    for (unsigned i = count < at_once ? 0 : count - at_once; i < count; i++)
        closed += leave(&callers[i % at_once]);
    return closed;
}

int main(int argc, char **argv)
{
    static struct vg_identity identity;
    static const vg_channel_secret nobodys = {{8, 9}};
    struct vg_error error;
    if (argc <= WORDS)
        end_with("too few words");
    vg_crypto_init();
    if (vg_identity_read(argv[5], &identity, &error) != VG_OK)
        end_with(error.text);
    if (!vg_hex_parse(argv[2], theirs.bytes, sizeof theirs.bytes) ||
        !vg_hex_parse(argv[3], terms.cluster.bytes, sizeof terms.cluster.bytes))
        end_with("a key and a cluster have 64 hex digits");
    known = noise_static_of(&identity.channel_secret);
    unknown = noise_static_of(&nobodys);
    terms.door = strcmp(argv[4], "peers") == 0 ? CHANNEL_PEERS : CHANNEL_CLIENTS;
    unsigned count = (unsigned)strtoul(argv[6], NULL, 10);
    unsigned at_once = (unsigned)strtoul(argv[7], NULL, 10);
    if (at_once == 0 || at_once > AT_ONCE_MAX)
        end_with("too many at once, or none");
    unsigned closed = flood(argv[1], count, at_once, argv + WORDS, (unsigned)(argc - WORDS));
    printf("%u\n", closed);
    return closed == count ? 0 : 1;
}
