/* SPDX-License-Identifier: Apache-2.0
 * `vigil incident`: the table of its commands; reading is in incident_read.c, changing in
 * incident_change.c. */
#include "ops/cli/incident.h"

#include "ops/cli/commands.h"

static const struct cli_option detect_options[] = {
    {.name = "source",
     .value = "SOURCE[/SUB]",
     .help = "what found it (R1)",
     .choices = "automated|automated/antimalware|automated/ids|automated/anomaly|automated/other|"
                "first-party|vulnerability-report|customer-report|operator|physical|unknown"},
    {.name = "title", .value = "TEXT", .help = "one line that names it"},
    {.name = "compartment", .value = "NAME", .help = "whose incident it is (the context's)"},
    {.name = "cia", .value = "c,i,a", .help = "which of the three are in question"},
    {.name = "product", .value = "NAME", .help = "the product line"},
    {.name = "happened-at", .value = "TIME", .help = "when it happened, RFC 3339 with a zone"},
    {.name = "dedup-key", .value = "KEY", .help = "join the open incident of this key (R3)"},
    {.name = "exercise", .value = "ENGAGEMENT", .help = "an exercise, marked for life (R2)"},
    {.name = "detail", .value = "FILE", .help = "a text with more; - is standard input"},
    {.name = NULL},
};

static const struct cli_option list_options[] = {
    {.name = "all", .help = "also what is closed or historical"},
    {.name = "stage",
     .value = "STAGE",
     .help = "in this stage",
     .choices = "detect|assess|diagnose|stabilize|close"},
    {.name = "compartment", .value = "NAME", .help = "of this compartment"},
    {.name = "severity", .value = "N", .help = "of this severity, 0 to 4"},
    {.name = "clock", .help = "with a running clock"},
    {.name = NULL},
};

static const struct cli_option timeline_options[] = {
    {.name = "follow", .letter = 'f', .help = "go on as events come"},
    {.name = NULL},
};

static const struct cli_option note_options[] = {
    {.name = "text", .value = "TEXT", .help = "what to write down"},
    {.name = "file", .value = "FILE", .help = "take the text from a file; - is standard input"},
    {.name = NULL},
};

static const struct cli_option stage_options[] = {
    {.name = "reason", .value = "TEXT", .help = "why (R13)"},
    {.name = "cia", .value = "c,i,a", .help = "settle which of the three are in question (R1)"},
    {.name = NULL},
};

const struct cli_command incident_commands[] = {
    {.name = "detect",
     .summary = "Record a new incident; prints its id",
     .about = "A detection with a known deduplication key joins the open incident of that key and\n"
              "prints that incident's id.",
     .examples =
         "  vigil incident detect --source operator --title 'Odd logins on vpn-3' --cia c\n"
         "  vigil incident detect --source automated/ids --title 'Beacon to 203.0.113.9' \\\n"
         "      --dedup-key ids-4711 --happened-at 2026-11-22T03:04:05Z --detail alert.txt",
     .options = detect_options,
     .run = incident_detect,
     .flags = CLI_CHANGES | CLI_EXPECTS},
    {.name = "list",
     .summary = "List open incidents",
     .examples = "  vigil incident list\n"
                 "  vigil incident list --all --stage close -o wide\n"
                 "  vigil incident list -o json",
     .options = list_options,
     .run = incident_list,
     .flags = CLI_READS},
    {.name = "show",
     .words = "ID",
     .summary = "Show one incident",
     .examples = "  vigil incident show ID\n"
                 "  vigil incident show ID -o json",
     .run = incident_show,
     .words_min = 1,
     .words_max = 1,
     .flags = CLI_READS},
    {.name = "timeline",
     .words = "ID",
     .summary = "Show what happened, in order",
     .examples = "  vigil incident timeline ID\n"
                 "  vigil incident timeline ID --follow",
     .options = timeline_options,
     .run = incident_timeline,
     .words_min = 1,
     .words_max = 1},
    {.name = "document",
     .words = "ID",
     .summary = "Print the document an imported incident keeps, as it was found",
     .examples = "  vigil incident document ID > report.json",
     .run = incident_document,
     .words_min = 1,
     .words_max = 1},
    {.name = "note",
     .words = "ID",
     .summary = "Add a note to the timeline",
     .examples = "  vigil incident note ID --text 'credentials of build-7 revoked'\n"
                 "  journalctl -u sshd | vigil incident note ID --file -",
     .options = note_options,
     .run = incident_note,
     .words_min = 1,
     .words_max = 1,
     .flags = CLI_CHANGES | CLI_EXPECTS},
    {.name = "stage",
     .words = "ID STAGE",
     .summary = "Move an incident to another stage",
     .about =
         "Stages go forward along detect, assess, diagnose, stabilize, close; assess and diagnose\n"
         "may close, diagnose and stabilize may alternate (R13). What is in question must be\n"
         "settled before assess is left (R1). If someone else moved the incident since this\n"
         "session read it, the change is refused: read it again, then decide.",
     .examples = "  vigil incident stage ID assess --reason 'seen by the on-call engineer'\n"
                 "  vigil incident stage ID diagnose --cia c,i --reason 'tokens were read'\n"
                 "  vigil incident stage ID close --reason 'not escalated' --expect stage=2",
     .options = stage_options,
     .run = incident_stage,
     .words_min = 2,
     .words_max = 2,
     .flags = CLI_CHANGES | CLI_EXPECTS},
    {.name = "close",
     .words = "ID",
     .summary = "Close an incident: stage ID close",
     .examples = "  vigil incident close ID --reason 'a false alarm'",
     .options = stage_options,
     .run = incident_close,
     .words_min = 1,
     .words_max = 1,
     .flags = CLI_CHANGES | CLI_EXPECTS},
    {.name = NULL},
};
