/* SPDX-License-Identifier: Apache-2.0
 * rule-pages PAGE: prints a page of docs/ that is made from the rules, so that it cannot be out of
 * date: `severity` the table of R5, `refusals` everything that may be refused. */
#include <stdio.h>
#include <stdlib.h>

#include "proto/ledger/entry.h"
#include "proto/response/explain.h"

enum { WORD_TEXT = 64 };

/* ---- severity ----------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    uint8_t bits;
} informations[] = {
    {"none", 0},
    {"one kind", RESPONSE_PRIVACY_BREACH},
    {"several kinds", RESPONSE_PRIVACY_BREACH | RESPONSE_INTEGRITY_LOSS},
};

static void print_cells(uint8_t functional, uint8_t information)
{
    for (const struct response_word *word = response_recoverabilities; word->text; word++) {
        uint8_t severity;
        uint8_t priority;
        response_severity_cell(functional, information, (uint8_t)word->number, &severity,
                               &priority);
        printf(" | sev%u p%u", severity, priority);
    }
    printf(" |\n");
}

static void print_table(void)
{
    printf("| functional | information");
    for (const struct response_word *word = response_recoverabilities; word->text; word++)
        printf(" | %s", word->text);
    printf(" |\n| --- | ---");
    for (const struct response_word *word = response_recoverabilities; word->text; word++)
        printf(" | ---");
    printf(" |\n");
    for (const struct response_word *word = response_functionals; word->text; word++) {
        for (size_t i = 0; i < sizeof informations / sizeof informations[0]; i++) {
            printf("| %s | %s", i == 0 ? word->text : "", informations[i].name);
            print_cells((uint8_t)word->number, informations[i].bits);
        }
    }
}

static void print_severity(void)
{
    printf("# Severity and priority\n\n"
           "Both follow from the three inputs of an assessment (R4) by this table (R5), of rules "
           "version %d. sev0 and p0 are the worst.\n"
           "`vigil rules severity` prints the same table. This page is made by `rule-pages "
           "severity`, and a test compares the two.\n\n",
           LEDGER_RULES_VERSION);
    print_table();
    printf(
        "\n## The inputs\n\n"
        "**Functional impact** is what users miss: `none`, nothing; `low`, the service is worse "
        "than usual and does all that is critical;\n"
        "`medium`, something critical is missing for some; `high`, something critical is missing "
        "for everybody.\n\n"
        "**Information impact** is what happened to data, any of `privacy-breach` (of people), "
        "`proprietary-breach` (of a business) and\n"
        "`integrity-loss` (changed or deleted). The table asks how many of the three hold: none, "
        "one, or several.\n\n"
        "**Recoverability** is the effort to recover: `regular`, foreseeable with what is at hand; "
        "`supplemented`, foreseeable with more;\n"
        "`extended`, unforeseeable, with help from outside; `not-recoverable`, it cannot be "
        "undone, "
        "as when data is public.\n\n"
        "What is worse in one input and the same in the others is never rated better.\n\n"
        "## Floors and overrides\n\n"
        "While the risk to customer data is imminent or confirmed (R6), and while a declaration "
        "stands (R12), severity is at least sev1 and\n"
        "priority at least p1: what is less severe is raised when that begins, and an assessment "
        "made meanwhile is raised as well. What is\n"
        "worse already stays so. Under such a risk severity is not lowered at all, and under a "
        "declaration not below sev1.\n\n"
        "A person may override severity and priority with a reason: `vigil incident severity`. "
        "Without `--priority` it is the number of the\n"
        "severity. The next assessment takes the place of the override. Every change keeps the "
        "old value, the new one, author and reason.\n");
}

/* ---- refusals ----------------------------------------------------------------------------------
 */

/* The groups of refusals.h, by the first of each. */
static const struct {
    enum response_refusal first;
    const char *title;
} groups[] = {
    {RESPONSE_REFUSED_NOT_UUID7, "Once"},
    {RESPONSE_REFUSED_BELONGS_ELSEWHERE, "Who may"},
    {RESPONSE_REFUSED_EXPECTS_NOTHING, "Expectations"},
    {RESPONSE_REFUSED_NO_INCIDENT, "What is named"},
    {RESPONSE_REFUSED_NOT_LABELLED, "Directory and control"},
    {RESPONSE_REFUSED_EPOCH_UNREADABLE, "Epochs"},
    {RESPONSE_REFUSED_NOT_CLEARED, "Checkpoints"},
    {RESPONSE_REFUSED_DRILL_TARGET, "Drills"},
    {RESPONSE_REFUSED_EXERCISE, "Detection"},
    {RESPONSE_REFUSED_CLOSED, "Stages"},
    {RESPONSE_REFUSED_STILL_IN_DETECT, "Assessing"},
    {RESPONSE_REFUSED_BY_DECLARATION, "Classifying"},
    {RESPONSE_REFUSED_PLANNED_TOO_EARLY, "Working"},
    {RESPONSE_REFUSED_OTHER_CONTENT, "Evidence"},
    {RESPONSE_REFUSED_FACT_OF_HOME, "Facts between compartments"},
    {RESPONSE_REFUSED_NEEDS_NO_SECOND, "Two people"},
};

/* What the words of a case are, for those sentences that have some. */
static const struct {
    enum response_refusal refusal;
    const char *words[RESPONSE_REFUSAL_WORDS_MAX];
} cases[] = {
    {RESPONSE_REFUSED_NO_COMPARTMENT, {"id"}},
    {RESPONSE_REFUSED_TOO_OLD, {"time", "log time", "so much"}},
    {RESPONSE_REFUSED_TOO_EARLY, {"time", "log time", "so much"}},
    {RESPONSE_REFUSED_REUSED, {"index"}},
    {RESPONSE_REFUSED_BELONGS_ELSEWHERE, {"operation", "in what"}},
    {RESPONSE_REFUSED_GONE, {"id", "time"}},
    {RESPONSE_REFUSED_NODE_GONE, {"id", "index"}},
    {RESPONSE_REFUSED_FOR_NODES, {"operation"}},
    {RESPONSE_REFUSED_FOR_PEOPLE, {"operation"}},
    {RESPONSE_REFUSED_NEEDS_TWO, {"operation", "roles"}},
    {RESPONSE_REFUSED_NO_ROLE, {"operation", "roles", "place", "author", "how it is given there"}},
    {RESPONSE_REFUSED_EXPECTS_NOTHING, {"operation"}},
    {RESPONSE_REFUSED_NO_ASPECT, {"number"}},
    {RESPONSE_REFUSED_CONFLICT,
     {"aspect", "value", "revision", "person", "time", "as of which revision", "other value"}},
    {RESPONSE_REFUSED_CONFLICT_BESIDE,
     {"aspect", "value", "revision", "person", "time", "other revision"}},
    {RESPONSE_REFUSED_CONFLICT_UNSET, {"aspect", "revision"}},
    {RESPONSE_REFUSED_NO_INCIDENT, {"id"}},
    {RESPONSE_REFUSED_NO_TASK, {"id"}},
    {RESPONSE_REFUSED_NO_STEP, {"id"}},
    {RESPONSE_REFUSED_NO_EVIDENCE, {"id"}},
    {RESPONSE_REFUSED_NO_EVENT, {"number"}},
    {RESPONSE_REFUSED_NO_PERSON, {"id"}},
    {RESPONSE_REFUSED_NO_PROPOSAL, {"id"}},
    {RESPONSE_REFUSED_NO_SIGNAL, {"key"}},
    {RESPONSE_REFUSED_NO_TENANT, {"name"}},
    {RESPONSE_REFUSED_FULL, {"number", "of what"}},
    {RESPONSE_REFUSED_NOT_LABELLED, {"id"}},
    {RESPONSE_REFUSED_LABEL_TAKEN, {"id"}},
    {RESPONSE_REFUSED_NAMED_AS_ID, {"name"}},
    {RESPONSE_REFUSED_NOTHING_TO_NAME, {"id"}},
    {RESPONSE_REFUSED_COMPARTMENTS_FULL, {"number"}},
    {RESPONSE_REFUSED_NAME_TAKEN, {"id"}},
    {RESPONSE_REFUSED_TENANT_NAMED, {"id"}},
    {RESPONSE_REFUSED_TENANT_IN_SHREDDED, {"id", "index"}},
    {RESPONSE_REFUSED_GIVES_AND_TAKES, {"roles"}},
    {RESPONSE_REFUSED_PERSON_KNOWN, {"id"}},
    {RESPONSE_REFUSED_KEY_KNOWN, {"key", "id"}},
    {RESPONSE_REFUSED_UNBOUND, {"whose"}},
    {RESPONSE_REFUSED_LAST_OPERATOR, {"id"}},
    {RESPONSE_REFUSED_OWN_KEY, {"person"}},
    {RESPONSE_REFUSED_PEOPLE_FULL, {"number"}},
    {RESPONSE_REFUSED_QUORUM_LOST, {"id", "number", "quorum"}},
    {RESPONSE_REFUSED_EPOCH_UNREADABLE, {"what is wrong"}},
    {RESPONSE_REFUSED_IN_CLEAR, {"id"}},
    {RESPONSE_REFUSED_EPOCH_BEHIND, {"id", "what does not follow"}},
    {RESPONSE_REFUSED_OTHER_HOLDERS, {"id", "which holders", "command"}},
    {RESPONSE_REFUSED_NOT_ITS_REQUEST, {"id"}},
    {RESPONSE_REFUSED_NO_HOLDER, {"id"}},
    {RESPONSE_REFUSED_HOLDER_EVICTED, {"id", "index"}},
    {RESPONSE_REFUSED_STILL_TO_ATTEST, {"node", "id", "number"}},
    {RESPONSE_REFUSED_OFFERS_DO_NOT_FIT, {"number", "other number", "command"}},
    {RESPONSE_REFUSED_OFFER_UNSIGNED, {"node", "id", "command"}},
    {RESPONSE_REFUSED_NO_REGION, {"region"}},
    {RESPONSE_REFUSED_OUTSIDE_BOUNDARY, {"node", "region", "id", "regions"}},
    {RESPONSE_REFUSED_CREATED_BELOW, {"number of nodes", "other number"}},
    {RESPONSE_REFUSED_LEFT_BELOW, {"id", "number of nodes", "other number"}},
    {RESPONSE_REFUSED_NO_OVERRIDE, {"id", "compartment"}},
    {RESPONSE_REFUSED_HOLDS_STILL, {"node", "id", "number"}},
    {RESPONSE_REFUSED_OWES_NOTHING, {"node", "id", "number"}},
    {RESPONSE_REFUSED_SHREDDED, {"id", "index"}},
    {RESPONSE_REFUSED_SHREDDED_ALREADY, {"id", "index"}},
    {RESPONSE_REFUSED_SHRED_BEHIND, {"id", "number", "other number"}},
    {RESPONSE_REFUSED_NOT_SHREDDED, {"id"}},
    {RESPONSE_REFUSED_OTHER_RECOVERY, {"id"}},
    {RESPONSE_REFUSED_RECOVERY_GONE_ALREADY, {"id", "index"}},
    {RESPONSE_REFUSED_RECOVERY_SHARED, {"id", "compartment"}},
    {RESPONSE_REFUSED_RECOVERY_DESTROYED, {"id", "index"}},
    {RESPONSE_REFUSED_NOT_CLEARED, {"node", "id"}},
    {RESPONSE_REFUSED_NO_MARK, {"index", "id"}},
    {RESPONSE_REFUSED_DRILL_TARGET, {"kind", "what"}},
    {RESPONSE_REFUSED_NO_NODE, {"id"}},
    {RESPONSE_REFUSED_NO_DRILL, {"id"}},
    {RESPONSE_REFUSED_NOT_YOUR_DRILL, {"person"}},
    {RESPONSE_REFUSED_DRILL_USED, {"time"}},
    {RESPONSE_REFUSED_DRILL_LAPSED, {"time"}},
    {RESPONSE_REFUSED_DRILL_UNDER_WAY, {"id", "time"}},
    {RESPONSE_REFUSED_OTHER_DOCUMENT, {"id"}},
    {RESPONSE_REFUSED_NOT_CLOSED, {"stage"}},
    {RESPONSE_REFUSED_NO_EDGE, {"stage", "next stages", "other stage"}},
    {RESPONSE_REFUSED_NOT_AN_OWNER, {"person"}},
    {RESPONSE_REFUSED_FILTERED_ALREADY, {"id"}},
    {RESPONSE_REFUSED_DECLARED_ALREADY, {"time"}},
    {RESPONSE_REFUSED_TENANT_KNOWN, {"name"}},
    {RESPONSE_REFUSED_TASK_EDGE, {"state", "next states", "other state"}},
    {RESPONSE_REFUSED_RISK_OPEN, {"risk"}},
    {RESPONSE_REFUSED_STEP_EDGE, {"state", "next states", "other state"}},
    {RESPONSE_REFUSED_STEP_ENDED, {"state"}},
    {RESPONSE_REFUSED_NOT_HOLDER, {"action", "person"}},
    {RESPONSE_REFUSED_NOT_OFFERED, {"person"}},
    {RESPONSE_REFUSED_TENANT_UNKNOWN, {"id"}},
    {RESPONSE_REFUSED_TENANT_ELSEWHERE, {"id"}},
    {RESPONSE_REFUSED_NO_CARRIER, {"node", "id"}},
    {RESPONSE_REFUSED_FACT_AHEAD, {"index", "time"}},
    {RESPONSE_REFUSED_NOT_OWED, {"id", "tenant", "index"}},
    {RESPONSE_REFUSED_FACT_DIFFERS, {"index"}},
    {RESPONSE_REFUSED_NEEDS_NO_SECOND, {"operation"}},
    {RESPONSE_REFUSED_EXPIRY, {"log time", "time"}},
    {RESPONSE_REFUSED_SIGNS_AS_NOTHING, {"roles", "author"}},
    {RESPONSE_REFUSED_REJECTS_AS_NOTHING, {"operation", "roles", "author"}},
    {RESPONSE_REFUSED_PROPOSAL_ENDED, {"state", "time"}},
    {RESPONSE_REFUSED_PROPOSAL_EXPIRED, {"time"}},
    {RESPONSE_REFUSED_SIGNER_WITHOUT_ROLE, {"person", "role"}},
    {RESPONSE_REFUSED_SIGNED_WITH_OLD_KEY, {"person", "time"}},
};

static const char *const *words_of(enum response_refusal refusal)
{
    static const char *const none[] = {NULL};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].refusal == refusal)
            return cases[i].words;
    }
    return none;
}

/* The sentence with its words in italics. A word that is missing here stops the program. */
static void print_refusal(enum response_refusal refusal)
{
    static char italics[RESPONSE_REFUSAL_WORDS_MAX][WORD_TEXT];
    const char *words[RESPONSE_REFUSAL_WORDS_MAX] = {NULL};
    const char *const *named = words_of(refusal);
    struct vg_error error;
    for (size_t i = 0; named[i] != NULL; i++) {
        snprintf(italics[i], WORD_TEXT, "*%s*", named[i]);
        words[i] = italics[i];
    }
    response_refusal_say(refusal, words, &error);
    printf("| %s | %s | %s |\n", vg_code_name(error.code), error.rule, error.text);
}

static void print_refusals(void)
{
    printf("# Refusals\n\n"
           "Everything the state machine refuses, in the order of "
           "[refusals.h](../proto/response/refusals.h). A sentence says what was wrong and\n"
           "what to do; the words in italics are those of the case, and ID in a command is the "
           "incident's. A refusal changes nothing, but it\n"
           "is remembered: the same request is answered alike. A command that does not decode is "
           "`invalid` too, and its sentence names the\n"
           "field and what it may be. This page is made by `rule-pages refusals`, and a test "
           "compares the two.\n");
    for (int refusal = RESPONSE_REFUSED_NOT + 1; refusal < RESPONSE_REFUSALS_END; refusal++) {
        for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
            if ((int)groups[i].first == refusal)
                printf("\n## %s\n\n| code | rule | sentence |\n| --- | --- | --- |\n",
                       groups[i].title);
        }
        print_refusal((enum response_refusal)refusal);
    }
}

/* ---- the program -------------------------------------------------------------------------------
 */

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } pages[] = {{"severity", print_severity}, {"refusals", print_refusals}};
    for (size_t i = 0; argc == 2 && i < sizeof pages / sizeof pages[0]; i++) {
        if (strcmp(argv[1], pages[i].name) == 0) {
            pages[i].print();
            return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    fprintf(stderr, "usage: rule-pages severity|refusals\n");
    return 2;
}
