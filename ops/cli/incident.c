/* SPDX-License-Identifier: Apache-2.0
 * `vigil incident`: the table of its commands. Most send one operation, and their rows say all
 * there is to say; reading is in incident_read.c and page.c, the rest in incident_change.c. */
#include "ops/cli/incident.h"

#include "ops/cli/commands.h"
#include "ops/cli/core/fill.h"

#define REASON                                                                                     \
    {                                                                                              \
        .name = "reason", .value = "TEXT", .help = "why"                                           \
    }
#define EVIDENCE                                                                                   \
    {                                                                                              \
        .name = "evidence", .value = "E1,...", .help = "what it rests on", .repeats = true         \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

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
    END,
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
    END,
};

static const struct cli_option timeline_options[] = {
    {.name = "follow", .letter = 'f', .help = "go on as events come"},
    {.name = "after", .value = "N", .help = "only what comes after this sequence number"},
    END,
};

static const struct cli_option watch_options[] = {
    {.name = "compartment", .value = "NAME", .help = "whose incidents (the context's)"},
    {.name = "from", .value = "INDEX", .help = "from this log index on (from now)"},
    END,
};

static const struct cli_option filters_options[] = {
    {.name = "compartment", .value = "NAME", .help = "where (the context's)"},
    END,
};

static const struct cli_option note_options[] = {
    {.name = "text", .value = "TEXT", .help = "what to write down"},
    {.name = "file", .value = "FILE", .help = "take the text from a file; - is standard input"},
    {.name = "corrects", .value = "N", .help = "the entry of the timeline that it corrects (R27)"},
    END,
};

static const struct cli_option stage_options[] = {
    REASON,
    {.name = "cia", .value = "c,i,a", .help = "settle which of the three are in question (R1)"},
    END,
};

static const struct cli_option assess_options[] = {
    {.name = "functional",
     .value = "IMPACT",
     .help = "functional impact",
     .choices = "none|low|medium|high"},
    {.name = "information",
     .value = "IMPACT,...",
     .help = "information impact (none)",
     .choices = "none|privacy-breach|proprietary-breach|integrity-loss",
     .repeats = true},
    {.name = "recoverability",
     .value = "EFFORT",
     .help = "how it can be recovered from",
     .choices = "regular|supplemented|extended|not-recoverable"},
    EVIDENCE,
    {.name = "cia", .value = "c,i,a", .help = "settle which of the three are in question (R1)"},
    {.name = "responsibility",
     .value = "WHOSE",
     .help = "settle whose area it is (R8)",
     .choices = "provider|customer|shared"},
    {.name = "product", .value = "NAME", .help = "settle the product line"},
    {.name = "break-glass", .value = "TEXT", .help = "why you assess, though not on call (R4)"},
    REASON,
    END,
};

static const struct cli_option severity_options[] = {
    {.name = "priority",
     .value = "P",
     .help = "p0 to p4 (the severity's number)",
     .choices = "p0|p1|p2|p3|p4"},
    REASON,
    END,
};

static const struct cli_option reason_options[] = {REASON, END};

static const struct cli_option own_options[] = {
    {.name = "owner", .value = "NAME", .help = "who (you)"},
    REASON,
    END,
};

static const struct cli_option classify_options[] = {
    {.name = "ground",
     .value = "GROUND",
     .help = "of a security-event",
     .choices = "attempt|circumvention|data-indication"},
    {.name = "policy", .value = "NAME", .help = "the policy or control a privacy-event broke"},
    EVIDENCE,
    {.name = "participant",
     .value = "NAME,...",
     .help = "who took part in the classification, beside you",
     .repeats = true},
    REASON,
    END,
};

static const struct cli_option answer_options[] = {
    {.name = "root-cause", .value = "TEXT", .help = "why the detector was wrong"},
    {.name = "match", .value = "KEY", .help = "filter: the deduplication key to take out"},
    {.name = "change", .value = "TEXT", .help = "detector: what changes there"},
    {.name = "owner", .value = "NAME", .help = "who sees to it"},
    END,
};

static const struct cli_option declare_options[] = {
    {.name = "harm",
     .value = "HARM,...",
     .help = "what happened to data",
     .choices = "destruction|loss|alteration|disclosure|access",
     .repeats = true},
    {.name = "access",
     .value = "HOW SURE",
     .help = "unauthorized access",
     .choices = "occurred|likely"},
    {.name = "duty", .value = "TEXT", .help = "the law or contract that asks to notify"},
    {.name = "tenant", .value = "NAME", .help = "an affected tenant", .repeats = true},
    {.name = "impact", .value = "TEXT", .help = "customer impact, if known"},
    {.name = "resources", .value = "TEXT", .help = "resources accessed, if known"},
    {.name = "repair", .value = "TEXT", .help = "repair steps, if known"},
    EVIDENCE,
    REASON,
    END,
};

static const struct cli_option affect_options[] = {
    {.name = "tenant", .value = "NAME", .help = "the tenant that was found later"},
    REASON,
    END,
};

static const struct cli_option refer_options[] = {
    {.name = "tenant", .value = "NAME", .help = "to whom"},
    {.name = "text", .value = "TEXT", .help = "what the tenant needs"},
    END,
};

static const struct cli_option collaborate_options[] = {
    {.name = "contract", .value = "REF", .help = "the contract's reference"},
    {.name = "text", .value = "TEXT", .help = "what is done together"},
    END,
};

static const struct cli_option withdraw_options[] = {
    REASON,
    {.name = "as",
     .value = "ROLE",
     .help = "sign as this role (the first that fits)",
     .choices = "legal|executive-incident-manager"},
    {.name = "expires", .value = "TIME", .help = "how long the other may take (24h)"},
    END,
};

#define ONE_ID .words = "ID", .words_min = 1, .words_max = 1
#define OPERATION(operation, words_are)                                                            \
    .run = cli_run_operation, .op = RESPONSE_OP_##operation, .fields = words_are,                  \
    .flags = CLI_CHANGES | CLI_EXPECTS

const struct cli_command incident_commands[] = {
    {.name = "detect",
     .summary = "Record a new incident; prints its id",
     .about = "A detection with a known deduplication key joins the open incident of that key, or\n"
              "is taken out by its filter, and prints that incident's id; stderr says so.",
     .examples =
         "  vigil incident detect --source operator --title 'Odd logins on vpn-3' --cia c\n"
         "  vigil incident detect --source automated/ids --title 'Beacon to 203.0.113.9' \\\n"
         "      --dedup-key ids-4711 --happened-at 2026-11-22T03:04:05Z --detail alert.txt",
     .options = detect_options,
     .run = incident_detect,
     .op = RESPONSE_OP_DETECT,
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
     ONE_ID,
     .summary = "Show one incident: its page",
     .about = "Stage, severity with its history, work in both lanes, tasks, containment, evidence\n"
              "and the latest of the timeline. -o json has the same facts.",
     .examples = "  vigil incident show ID\n"
                 "  vigil incident show ID -o json",
     .run = incident_show,
     .flags = CLI_READS},
    {.name = "timeline",
     ONE_ID,
     .summary = "Show what happened, in order",
     .examples = "  vigil incident timeline ID\n"
                 "  vigil incident timeline ID --follow",
     .options = timeline_options,
     .run = incident_timeline},
    {.name = "watch",
     .summary = "Follow what is committed, across incidents",
     .about = "One line, or with -o json one object a line, for each event of the compartment as\n"
              "it is committed. It goes on at another node when one is lost, without loss and\n"
              "without repeating; --from INDEX takes it up where an earlier watch ended.",
     .examples = "  vigil incident watch\n"
                 "  vigil incident watch --from 4711 -o json",
     .options = watch_options,
     .run = incident_watch},
    {.name = "document",
     ONE_ID,
     .summary = "Print the document an imported incident keeps, as it was found",
     .examples = "  vigil incident document ID > report.json",
     .run = incident_document},
    {.name = "note",
     ONE_ID,
     .summary = "Add a note to the timeline",
     .examples = "  vigil incident note ID --text 'credentials of build-7 revoked'\n"
                 "  journalctl -u sshd | vigil incident note ID --file -\n"
                 "  vigil incident note ID --text 'it was build-8' --corrects 4",
     .options = note_options,
     .run = incident_text,
     .op = RESPONSE_OP_NOTE,
     .fields = "incident",
     .defaults = "kind=note",
     .flags = CLI_CHANGES | CLI_EXPECTS},
    {.name = "finding",
     ONE_ID,
     .summary = "Add a finding of the diagnosis to the timeline",
     .examples = "  vigil incident finding ID --text 'the token was in the build log'",
     .options = note_options,
     .run = incident_text,
     .op = RESPONSE_OP_NOTE,
     .fields = "incident",
     .defaults = "kind=finding",
     .flags = CLI_CHANGES | CLI_EXPECTS},
    {.name = "stage",
     .words = "ID STAGE",
     .summary = "Move an incident to another stage",
     .about =
         "Stages go forward along detect, assess, diagnose, stabilize, close; assess and diagnose\n"
         "may close, diagnose and stabilize may alternate (R13). vigil rules explain ID says what\n"
         "the next one still needs. If someone else moved the incident since this session read\n"
         "it, the change is refused: read it again, then decide.",
     .examples = "  vigil incident stage ID assess --reason 'seen by the on-call engineer'\n"
                 "  vigil incident stage ID diagnose --reason 'tokens were read'\n"
                 "  vigil incident stage ID stabilize --reason 'cause found' --rebase",
     .options = stage_options,
     .words_min = 2,
     .words_max = 2,
     OPERATION(STAGE, "incident,stage")},
    {.name = "close",
     ONE_ID,
     .summary = "Close an incident: stage ID close",
     .about =
         "How it is closed follows from what is known: as a false positive, as the customer's\n"
         "own, as not escalated (from assess), or as resolved.",
     .examples = "  vigil incident close ID --reason 'not escalated: a test of the customer'",
     .options = stage_options,
     .defaults = "stage=close",
     OPERATION(STAGE, "incident")},
    {.name = "reopen",
     ONE_ID,
     .summary = "Reopen a closed incident, in the stage it was closed from",
     .examples = "  vigil incident reopen ID --reason 'the beacon is back'",
     .options = reason_options,
     OPERATION(REOPEN, "incident")},
    {.name = "assess",
     ONE_ID,
     .summary = "Assess impact; severity and priority follow",
     .about = "By whoever is on call, resting on evidence (R4). vigil rules severity prints the\n"
              "table that they follow from (R5).",
     .examples =
         "  vigil incident assess ID --functional medium --information privacy-breach \\\n"
         "      --recoverability regular --evidence E1 --responsibility provider --cia c \\\n"
         "      --reason 'customer mail was read'",
     .options = assess_options,
     OPERATION(ASSESS, "incident")},
    {.name = "severity",
     .words = "ID SEVERITY",
     .summary = "Override severity and priority, with a reason (R5)",
     .examples = "  vigil incident severity ID sev1 --reason 'three regions are affected'",
     .options = severity_options,
     .words_min = 2,
     .words_max = 2,
     OPERATION(SEVERITY, "incident,severity")},
    {.name = "risk",
     .words = "ID RISK",
     .summary = "Say how far customer data is at risk (R6)",
     .about = "none, possible, imminent or confirmed. With the last two the incident is at least\n"
              "sev1 and never without an owner.",
     .examples = "  vigil incident risk ID imminent --reason 'the key opens the archive'",
     .options = reason_options,
     .words_min = 2,
     .words_max = 2,
     OPERATION(RISK, "incident,risk")},
    {.name = "responsibility",
     .words = "ID WHOSE",
     .summary = "Decide whose area it is: provider, customer or shared (R8)",
     .examples = "  vigil incident responsibility ID shared --reason 'their key, our bucket'",
     .options = reason_options,
     .words_min = 2,
     .words_max = 2,
     OPERATION(RESPONSIBILITY, "incident,responsibility")},
    {.name = "own",
     ONE_ID,
     .summary = "Take an incident, or give it to somebody",
     .examples = "  vigil incident own ID --reason 'taking over for the night'\n"
                 "  vigil incident own ID --owner Ben --reason 'hand over to emea'",
     .options = own_options,
     .defaults = "owner=me",
     OPERATION(OWNER, "incident")},
    {.name = "classify",
     .words = "ID CLASS",
     .summary = "Classify: false-positive, security-event or privacy-event (R9)",
     .about = "security-incident and privacy-incident are set by declaration alone (R11).",
     .examples =
         "  vigil incident classify ID security-event --ground attempt --evidence E1 \\\n"
         "      --reason 'the scan was stopped at the gateway'\n"
         "  vigil incident classify ID false-positive --evidence E2 --reason 'our own scanner'",
     .options = classify_options,
     .words_min = 2,
     .words_max = 2,
     OPERATION(CLASSIFY, "incident,class")},
    {.name = "answer",
     .words = "ID filter|detector",
     .summary = "Root cause and systematic answer of a false positive (R10)",
     .examples =
         "  vigil incident answer ID filter --match scanner-7 --root-cause 'our scanner' \\\n"
         "      --owner Ben",
     .options = answer_options,
     .words_min = 2,
     .words_max = 2,
     OPERATION(ANSWER, "incident,answer")},
    {.name = "declare",
     .words = "ID CLASS",
     .summary = "Declare a reportable incident (R11)",
     .about =
         "security-incident or privacy-incident: harm, and unauthorized access that has or has\n"
         "likely occurred, or a duty to notify. What is not known of impact, resources and repair\n"
         "becomes follow-up tasks.",
     .examples =
         "  vigil incident declare ID security-incident --harm disclosure --access occurred \\\n"
         "      --tenant acme --evidence E1 --reason 'the archive was copied out'",
     .options = declare_options,
     .words_min = 2,
     .words_max = 2,
     OPERATION(DECLARE, "incident,class")},
    {.name = "withdraw",
     ONE_ID,
     .summary = "Propose to withdraw a declaration made in error (R12)",
     .about =
         "Takes two people, one as legal, one as executive incident manager. Prints the id of\n"
         "the proposal, which the other approves: vigil proposal approve ID.",
     .examples = "  vigil incident withdraw ID --reason 'the copy was ours'",
     .options = withdraw_options,
     .run = incident_withdraw,
     .op = RESPONSE_OP_WITHDRAW,
     .fields = "incident",
     .flags = CLI_CHANGES | CLI_EXPECTS},
    {.name = "affect",
     ONE_ID,
     .summary = "Add a tenant that was found to be affected (R12)",
     .examples =
         "  vigil incident affect ID --tenant globex --reason 'their rows were in the copy'",
     .options = affect_options,
     OPERATION(AFFECT, "incident")},
    {.name = "refer",
     ONE_ID,
     .summary = "Refer what is the customer's alone, with what the tenant needs (R8)",
     .examples = "  vigil incident refer ID --tenant acme --text 'rotate the key of ci-bot'",
     .options = refer_options,
     OPERATION(REFER, "incident")},
    {.name = "collaborate",
     ONE_ID,
     .summary = "Record support collaboration under a contract (R8)",
     .examples = "  vigil incident collaborate ID --contract C-2041 --text 'joint log review'",
     .options = collaborate_options,
     OPERATION(COLLABORATE, "incident")},
    {.name = "attest",
     .words = "ID WHAT yes|no",
     .summary = "Attest customer-risk, business-risk or corrective-measures (R25)",
     .examples = "  vigil incident attest ID customer-risk yes --reason 'keys revoked, verified'\n"
                 "  vigil incident attest ID business-risk no --reason 'the copy is for sale'",
     .options = reason_options,
     .words_min = 3,
     .words_max = 3,
     OPERATION(ATTEST, "incident,what,holds")},
    {.name = "link",
     .words = "ID KIND OTHER",
     .summary = "Link two incidents: duplicate-of, related-to or caused-by (R27)",
     .examples = "  vigil incident link ID duplicate-of OTHER --reason 'the same beacon'",
     .options = reason_options,
     .words_min = 3,
     .words_max = 3,
     OPERATION(LINK, "incident,kind,other")},
    {.name = "filters",
     .summary = "List the filters that false positives left behind (R10)",
     .examples = "  vigil incident filters",
     .options = filters_options,
     .run = incident_filters},
    {.name = NULL},
};
