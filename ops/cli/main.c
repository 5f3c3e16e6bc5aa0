/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "common/crypto.h"
#include "common/process.h"
#include "ops/bench/bench.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/session.h"
#include "ops/cli/incident.h"
#include "ops/cli/stats.h"
#include "ops/dev/dev.h"

static enum vg_code run_help(struct cli_call *call);

static const struct cli_option plan_options[] = {
    {.name = "text", .value = "TEXT", .help = "the plan"},
    {.name = "file", .value = "FILE", .help = "take it from a file; - is standard input"},
    {.name = NULL},
};

static const struct cli_command root_children[] = {
    {.name = "incident",
     .summary = "Detect, list, show and work on incidents",
     .children = incident_commands,
     .examples = "  vigil incident detect --source operator --title 'Disk pulled from rack 7'\n"
                 "  vigil incident list\n"
                 "  vigil incident stage ID assess --reason 'confirmed by the on-call engineer'"},
    {.name = "task",
     .summary = "Work on an incident, piece by piece",
     .children = task_commands,
     .examples = "  vigil task add ID --title 'Rotate the deploy token'\n"
                 "  vigil task claim ID T1\n"
                 "  vigil task done ID T1"},
    {.name = "contain",
     .summary = "Containment and recovery steps of an incident",
     .children = contain_commands,
     .examples = "  vigil contain add ID --target build-7 --action 'off the network' --emergency\n"
                 "  vigil contain done ID C1\n"
                 "  vigil contain verify ID C1"},
    {.name = "plan",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "Write an incident's recovery plan (R14, R16)",
     .examples = "  vigil plan ID --text 'rebuild from the clean image, then reconnect'\n"
                 "  vigil plan ID --file plan.txt",
     .options = plan_options,
     .run = incident_text,
     .op = RESPONSE_OP_PLAN,
     .fields = "incident",
     .flags = CLI_CHANGES | CLI_EXPECTS},
    {.name = "evidence",
     .summary = "Evidence of an incident and its chain of custody",
     .children = evidence_commands,
     .examples = "  vigil evidence add ID --file alert.json --source siem\n"
                 "  vigil evidence list ID\n"
                 "  vigil evidence offer ID E1 --to Ben"},
    {.name = "proposal",
     .summary = "What takes two people",
     .children = proposal_commands,
     .examples = "  vigil proposal show ID\n"
                 "  vigil proposal approve ID --reason 'checked with counsel'"},
    {.name = "rules",
     .summary = "The rules of the response process, and what an incident still needs",
     .children = rules_commands,
     .run = rules_all,
     .examples = "  vigil rules\n"
                 "  vigil rules explain ID\n"
                 "  vigil rules severity",
     .flags = CLI_LOCAL},
    {.name = "stats",
     .summary = "Times to assess, contain, stabilize and close",
     .about = stats_about,
     .examples = stats_examples,
     .options = stats_options,
     .run = stats_run},
    {.name = "user",
     .summary = "People of the cluster and their roles",
     .children = user_commands,
     .examples = "  vigil user add ada --public ada.json --role responder\n"
                 "  vigil user list\n"
                 "  vigil user grant ada incident-manager"},
    {.name = "oncall",
     .summary = "Who is on call",
     .children = oncall_commands,
     .examples = "  vigil oncall now\n"
                 "  vigil oncall add ben"},
    {.name = "compartment",
     .summary = "What is sealed apart, and for whom",
     .children = compartment_commands,
     .examples = "  vigil compartment list\n"
                 "  vigil compartment rotate directory"},
    {.name = "tenant",
     .summary = "Tenants, and where their data is",
     .children = tenant_commands,
     .examples = "  vigil tenant add globex --compartment emea-customers\n"
                 "  vigil tenant list"},
    {.name = "case",
     .summary = "What incidents mean for tenants",
     .children = case_commands,
     .examples = "  vigil case list\n"
                 "  vigil case show ID --tenant globex\n"
                 "  vigil case owed"},
    {.name = "import",
     .summary = "Bring incidents in from elsewhere",
     .children = import_commands,
     .examples = "  vigil import veris reports/"},
    {.name = "log",
     .summary = "Read and verify the replicated log",
     .children = log_commands,
     .examples = "  vigil log tail --follow\n"
                 "  vigil log verify"},
    {.name = "cluster",
     .summary = "See and steer the cluster",
     .children = cluster_commands,
     .examples = "  vigil cluster status\n"
                 "  vigil cluster transfer --to 2"},
    {.name = "identity",
     .summary = "Keys of people and nodes",
     .children = identity_commands,
     .examples = "  vigil identity new --file ada.identity\n"
                 "  vigil identity show"},
    {.name = "recovery",
     .summary = "The offline key of last resort, split among its holders",
     .children = recovery_commands,
     .examples = "  vigil recovery new --holder ann --holder ben --holder carol\n"
                 "  vigil recovery check share-1.txt share-3.txt"},
    {.name = "dev",
     .summary = "Run a cluster of your own on this machine",
     .children = dev_commands,
     .examples = "  vigil dev up\n"
                 "  vigil dev kill 1\n"
                 "  vigil dev down"},
    {.name = "bench",
     .words = NULL,
     .summary = "Measure writes and reads, closed loop",
     .about = bench_about,
     .examples = bench_examples,
     .options = bench_options,
     .run = bench_run,
     .flags = CLI_CHANGES},
    {.name = "history",
     .summary = "What clients saw of a cluster under faults, judged",
     .children = history_commands,
     .examples = "  vigil history check nemesis.jsonl"},
    {.name = "completion",
     .summary = "Print a completion script for a shell",
     .children = completion_commands,
     .examples = "  source <(vigil completion bash)"},
    {.name = "help",
     .words = "[COMMAND]...",
     .summary = "Say more about a command",
     .examples = "  vigil help incident stage",
     .run = run_help,
     .words_max = CLI_DEPTH_MAX - 1,
     .flags = CLI_LOCAL},
    {.name = NULL},
};

const struct cli_command vigil_commands = {
    .name = "vigil",
    .summary = "vigil: one incident log for response teams in every region",
    .children = root_children,
    .examples = "  vigil dev up                      # three regions on this machine\n"
                "  vigil incident detect --source operator --title 'Odd logins on vpn-3'\n"
                "  vigil incident list\n"
                "  vigil cluster status -o json",
};

static enum vg_code run_help(struct cli_call *call)
{
    char name[] = "vigil";
    char flag[] = "--help";
    char *words[CLI_DEPTH_MAX + 2] = {name};
    int count = 1;
    for (int i = 0; i < call->word_count; i++)
        words[count++] = (char *)call->words[i];
    words[count++] = flag;
    struct cli_call about = {.depth = 0};
    enum vg_code code = cli_parse(&vigil_commands, count, words, &about);
    if (code == VG_OK)
        cli_help(&about, stdout);
    call->error = about.error;
    return code;
}

static enum vg_code resolve(struct cli_call *call)
{
    const char *session = cli_text(call, "session");
    if (session != NULL && !cli_session_valid(session))
        return vg_fail(&call->error, VG_USAGE,
                       "--session is '%s'; a name has 1 to 64 letters, digits, '-', '_' or '.'",
                       session);
    struct cli_flags flags = {
        .context = cli_text(call, "context"),
        .node = cli_text(call, "node"),
        .genesis = cli_text(call, "genesis"),
        .identity = cli_text(call, "identity"),
        .output = cli_text(call, "output"),
        .timeout = cli_text(call, "timeout"),
        .request_id = cli_text(call, "request-id"),
        .dry_run = cli_flag(call, "dry-run"),
        .local = (call->command->flags & CLI_LOCAL) != 0,
    };
    return cli_settings_resolve(&flags, &call->settings, &call->error);
}

static enum vg_code run(struct cli_call *call, int argc, char **argv)
{
    enum vg_code code = cli_parse(&vigil_commands, argc, argv, call);
    if (code != VG_OK)
        return code;
    if (call->version) {
        printf("vigil %s\n", VIGIL_VERSION);
        return VG_OK;
    }
    if (call->help) {
        cli_help(call, stdout);
        return VG_OK;
    }
    code = resolve(call);
    return code == VG_OK ? call->command->run(call) : code;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8"); /* for the widths of characters; what we print is UTF-8 */
    signal(SIGPIPE, SIG_IGN);
    vg_crypto_init();
    struct cli_call call = {.depth = 0};
    enum vg_code code = vg_process_hide(&call.error); /* it may read a secret key */
    if (code == VG_OK)
        code = run(&call, argc, argv);
    bool unwritten = fflush(stdout) != 0 || ferror(stdout);
    if (code == VG_OK && unwritten && errno != EPIPE) /* a reader that left has what it wanted */
        code = vg_fail(&call.error, VG_UNAVAILABLE, "cannot write the answer to standard output");
    if (code != VG_OK)
        cli_print_error(stderr, cli_output_guess(cli_text(&call, "output")), &call.error,
                        call.details);
    int status = code != VG_OK ? vg_code_exit(code) : call.exit_code;
    cli_call_free(&call);
    return status;
}
