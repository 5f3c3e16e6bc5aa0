/* SPDX-License-Identifier: Apache-2.0
 * Who may give which command: every operation and every role, held to the table of
 * docs/process.md, which is read here. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "common/file.h"
#include "proto/response/fields.h"
#include "tests/lib/play.h"

enum { PAGE_MAX = 1 << 18, CELL_TEXT = 256, COLUMNS = 4, ROWS_MAX = 64 };

/* ---- the page ----------------------------------------------------------------------------------
 */

/* One row: operations, who, when closed, what it changes. */
struct row {
    char cells[COLUMNS][CELL_TEXT];
};

static struct row rows[ROWS_MAX];
static uint32_t row_count;

/* The cells of a line "| a | b | c | d | e |", without the blanks around them. */
static void take_row(const char *line, const char *end)
{
    struct row *row = &rows[row_count++];
    cr_assert_leq(row_count, ROWS_MAX);
    for (int i = 0; i < COLUMNS; i++) {
        const char *start = memchr(line, '|', (size_t)(end - line));
        cr_assert_not_null(start);
        line = memchr(start + 1, '|', (size_t)(end - start - 1));
        cr_assert_not_null(line);
        for (start++; start < line && *start == ' ';)
            start++;
        size_t size = (size_t)(line - start);
        while (size > 0 && start[size - 1] == ' ')
            size--;
        cr_assert_lt(size, CELL_TEXT);
        memcpy(row->cells[i], start, size);
        row->cells[i][size] = '\0';
    }
}

static void read_page(void)
{
    static const char title[] = "| operation | roles | when closed |";
    struct vg_buffer page = {0};
    struct vg_error error;
    row_count = 0;
    cr_assert_eq(vg_file_read(PROCESS_PAGE, PAGE_MAX, &page, &error), VG_OK, "%s", error.text);
    vg_buffer_append(&page, "", 1);
    const char *line = strstr((const char *)page.data, title);
    cr_assert_not_null(line, "the page has no table of operations");
    line = strchr(strchr(line, '\n') + 1, '\n') + 1;
    while (*line == '|') {
        const char *end = strchr(line, '\n');
        take_row(line, end);
        line = end + 1;
    }
    vg_buffer_free(&page);
}

/* "`task-move`" in a cell. */
static bool names(const char *cell, const char *word)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "`%s`", word);
    return strstr(cell, quoted) != NULL;
}

static const struct row *row_of(enum response_op op)
{
    const struct row *found = NULL;
    for (uint32_t i = 0; i < row_count; i++) {
        if (names(rows[i].cells[0], response_op_name(op))) {
            cr_assert_null(found, "%s is there twice", response_op_name(op));
            found = &rows[i];
        }
    }
    cr_assert_not_null(found, "the page has no row for %s", response_op_name(op));
    return found;
}

enum {
    RUNNERS = RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_INCIDENT_MANAGER,
    MANAGERS = RESPONSE_ROLE_INCIDENT_MANAGER | RESPONSE_ROLE_EXECUTIVE,
    STAFF = RUNNERS | MANAGERS | RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_PRIVACY_OFFICER |
            RESPONSE_ROLE_COMMUNICATIONS | RESPONSE_ROLE_SERVICE_TEAM | RESPONSE_ROLE_SUPPORT,
};

/* The roles that a cell names, one by one or by the name of a group. */
static uint32_t roles_of(const struct row *row)
{
    static const struct {
        const char *word;
        uint32_t roles;
    } groups[] = {
        {"staff", STAFF},
        {"runners", RUNNERS},
        {"managers", MANAGERS},
        {"a role that the proposed operation asks for",
         RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_EXECUTIVE},
        {"such a role", RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_EXECUTIVE},
    };
    uint32_t roles = 0;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (strstr(row->cells[1], groups[i].word) != NULL)
            roles |= groups[i].roles;
    }
    for (const struct response_word *role = response_roles; role->text != NULL; role++)
        roles |= names(row->cells[1], role->text) ? role->number : 0;
    return roles;
}

static bool has(const struct row *row, int column, const char *text)
{
    return strstr(row->cells[column], text) != NULL;
}

/* ---- the desk ----------------------------------------------------------------------------------
 */

static enum response_stage stage_for(enum response_op op)
{
    return op == RESPONSE_OP_REOPEN ? RESPONSE_CLOSE : RESPONSE_DIAGNOSE;
}

/* A drill signed by the stranger, where it is to be the author; running, if it is not about to be
 * started. */
static void prepare_drill(struct play *play, enum response_op op, uint32_t role)
{
    enum desk_person signer = role == RESPONSE_ROLE_OPERATOR ? DESK_STRANGER : DESK_OPERATOR;
    play_grant_in_directory(play, signer, RESPONSE_ROLE_OPERATOR);
    play->part = play_drill(play, signer);
    struct desk_order start = play_order(play, RESPONSE_OP_DRILL_START);
    start.person = signer;
    if (op != RESPONSE_OP_DRILL_START)
        play_must(play, start);
}

/* What an operation needs beside its author, done by others. */
static void prepare(struct play *play, enum response_op op, uint32_t role)
{
    struct desk_order order = play_order(play, RESPONSE_OP_RESPONSIBILITY);
    order.command.responsibility.responsibility = RESPONSE_CUSTOMER;
    if (op == RESPONSE_OP_ANSWER)
        play_do(play, RESPONSE_OP_CLASSIFY);
    if (op == RESPONSE_OP_WITHDRAW || op == RESPONSE_OP_AFFECT || op == RESPONSE_OP_PROPOSE ||
        op == RESPONSE_OP_APPROVE || op == RESPONSE_OP_REJECT)
        play_do(play, RESPONSE_OP_DECLARE);
    if (op == RESPONSE_OP_REFER)
        play_must(play, order);
    if (op == RESPONSE_OP_TASK_MOVE || op == RESPONSE_OP_STEP_MOVE)
        play->part =
            play_do(play, op == RESPONSE_OP_TASK_MOVE ? RESPONSE_OP_TASK : RESPONSE_OP_STEP);
    if (op == RESPONSE_OP_APPROVE || op == RESPONSE_OP_REJECT)
        play->part = play_propose(play, role == RESPONSE_ROLE_LEGAL ? DESK_EXECUTIVE : DESK_LEGAL);
    if (op == RESPONSE_OP_REVOKE)
        play->part = play_create(play, 0xf);
    if (op >= RESPONSE_OP_DRILL_START && op <= RESPONSE_OP_DRILL_END)
        prepare_drill(play, op, role);
    play_on_call(play, DESK_STRANGER, true);
}

/* What is not in every least command: a command that nothing but the author stands against. */
static struct desk_order lawful(struct play *play, enum response_op op, const vg_id *other)
{
    struct desk_order order = play_order(play, op);
    struct desk_order withdraw = play_order(play, RESPONSE_OP_WITHDRAW);
    switch (op) {
    case RESPONSE_OP_STAGE:
        order.command.stage.stage = RESPONSE_STABILIZE;
        break;
    case RESPONSE_OP_ANSWER:
        order.command.answer.match = vg_span_text("scanner-7");
        break;
    case RESPONSE_OP_DECLARE:
        order.command.declare.impact = order.command.declare.resources =
            order.command.declare.repair = vg_span_text("known");
        break;
    case RESPONSE_OP_LINK:
        order.command.link.other = *other;
        break;
    case RESPONSE_OP_TASK_MOVE:
        order.command.task_move.state = RESPONSE_TASK_DONE;
        break;
    case RESPONSE_OP_STEP_MOVE:
        order.command.step_move.state = RESPONSE_STEP_STARTED;
        break;
    case RESPONSE_OP_PROPOSE:
        return play_proposing(play, DESK_LEGAL, &withdraw.command);
    case RESPONSE_OP_APPROVE:
        return play_approval(play, DESK_LEGAL, &play->part);
    case RESPONSE_OP_ENROLL:
        order.command.enroll.person = desk_author(play->desk, DESK_NEWCOMER);
        break;
    default:
        break;
    }
    return order;
}

/* The stranger with one role, where the command belongs; among nodes, operators and key officers of
 * the cluster, which no grant makes, those there are. */
static enum desk_person author_with(struct play *play, const struct desk_order *order,
                                    uint32_t role)
{
    struct desk_order grant = play_order(play, RESPONSE_OP_GRANT);
    if (order->control && role == RESPONSE_ROLE_OPERATOR)
        return DESK_OPERATOR;
    if (order->control && role == RESPONSE_ROLE_KEY_OFFICER)
        return DESK_PRIVACY;
    if (!vg_id_is_zero(&order->compartment))
        grant.command.grant.compartment = order->compartment;
    grant.command.grant.person = desk_author(play->desk, DESK_STRANGER);
    grant.command.grant.give = role;
    play_must(play, grant);
    return DESK_STRANGER;
}

/* ---- who may -----------------------------------------------------------------------------------
 */

/* Each aspect that was changed is named in the row, or in that of what was proposed. */
static void check_changes(const struct row *row, const struct response_outcome *outcome)
{
    const struct row *proposed =
        has(row, 3, "what was proposed") ? row_of(RESPONSE_OP_WITHDRAW) : row;
    for (uint32_t i = 0; i < outcome->revision_count; i++) {
        const char *aspect = response_word(response_aspects, outcome->revisions[i].aspect);
        cr_assert(has(row, 3, aspect) || has(proposed, 3, aspect), "%s changes %s", row->cells[0],
                  aspect);
    }
}

static void try_as(enum response_op op, uint32_t role)
{
    struct play play = play_new(RESPONSE_ASSESS);
    const struct row *row = row_of(op);
    vg_id other = play.incident;
    bool may = (roles_of(row) & role) != 0;
    play_begin(&play, "", stage_for(op));
    prepare(&play, op, role);
    struct desk_order order = lawful(&play, op, &other);
    order.person = author_with(&play, &order, role);
    bool among_incidents =
        !order.control && !vg_id_equal(&order.compartment, &play.desk->genesis.directory);
    if (role == 0 && among_incidents) {
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_COMPARTMENT));
    } else if (has(row, 1, "a node")) {
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_FOR_NODES));
    } else if (has(row, 1, "two people")) {
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NEEDS_TWO));
    } else if (!may) {
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_ROLE), "%s as %s",
                  response_op_name(op), response_word(response_roles, role));
    } else {
        struct response_outcome outcome = play_send(&play, order);
        cr_assert_eq(outcome.error.code, VG_OK, "%s as %s: %s", response_op_name(op),
                     response_word(response_roles, role), outcome.error.text);
        check_changes(row, &outcome);
    }
    play_free(&play);
}

Test(operations, every_operation_is_in_the_table_of_the_page_once)
{
    read_page();
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op))
        row_of(op);
}

Test(operations, each_role_may_give_what_the_table_says_and_nothing_else, .timeout = 600)
{
    read_page();
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op)) {
        for (const struct response_word *role = response_roles; role->text != NULL; role++)
            try_as(op, role->number);
        try_as(op, 0);
    }
}

Test(operations, what_two_people_sign_asks_for_the_roles_of_the_table)
{
    read_page();
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op)) {
        const struct row *row = row_of(op);
        uint32_t roles = has(row, 1, "two people") ? roles_of(row) : 0;
        cr_assert_eq(response_signing_roles(op), roles, "%s", response_op_name(op));
    }
}

/* ---- when it is closed -------------------------------------------------------------------------
 */

static bool is_about_an_incident(enum response_op op)
{
    uint32_t count;
    return response_fields(op, &count)[0].of == RESPONSE_OF_INCIDENT && op != RESPONSE_OP_WITHDRAW;
}

static bool may_when_closed(const struct row *row, enum response_op op)
{
    bool moves = op == RESPONSE_OP_TASK_MOVE || op == RESPONSE_OP_STEP_MOVE;
    return has(row, 2, "yes") || (has(row, 2, "moving only") ? moves : has(row, 2, "only"));
}

static enum response_refusal refusal_when_closed(enum response_op op)
{
    return op == RESPONSE_OP_STAGE ? RESPONSE_REFUSED_NO_STAGE_AFTER_CLOSE
                                   : RESPONSE_REFUSED_CLOSED;
}

/* A closed incident with a task, and a mitigation that outlives it. */
static struct play closed(enum response_op op)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_begin(&play, "", RESPONSE_DIAGNOSE);
    struct desk_order step = play_order(&play, RESPONSE_OP_STEP);
    step.command.step.kind = RESPONSE_MITIGATION;
    step.command.step.due_at = play.desk->time_ms + 1;
    vg_id task = play_do(&play, RESPONSE_OP_TASK);
    vg_id mitigation = play_must(&play, step);
    play_attest_all(&play);
    play_move(&play, RESPONSE_CLOSE);
    play.part = op == RESPONSE_OP_STEP_MOVE ? mitigation : task;
    return play;
}

Test(operations, a_closed_incident_takes_what_the_table_says_and_nothing_else)
{
    uint32_t refused = 0;
    read_page();
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op)) {
        if (!is_about_an_incident(op))
            continue;
        struct play play = closed(op);
        struct desk_order detection = desk_detect("now", "");
        vg_id other = desk_send(play.desk, &detection).id;
        struct desk_order order = lawful(&play, op, &other);
        if (may_when_closed(row_of(op), op)) {
            play_must(&play, order);
        } else {
            cr_assert(play_refuses(&play, order, refusal_when_closed(op)), "%s",
                      response_op_name(op));
            refused++;
        }
        play_free(&play);
    }
    cr_assert_gt(refused, 0);
}

/* ---- where commands belong ---------------------------------------------------------------------
 */

Test(operations, commands_stay_in_their_kind_of_compartment)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    play.part = play_do(&play, RESPONSE_OP_TASK);
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op)) {
        struct desk_order order = play_order(&play, op);
        bool in_directory = vg_id_equal(&order.compartment, &play.desk->genesis.directory);
        if (op == RESPONSE_OP_PROPOSE || op == RESPONSE_OP_APPROVE || op == RESPONSE_OP_REJECT)
            continue; /* wherever there is something to sign */
        order.compartment = in_directory ? play.desk->genesis.first : play.desk->genesis.directory;
        order.control = false;
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_BELONGS_ELSEWHERE), "%s",
                  response_op_name(op));
    }
    play_free(&play);
}

Test(operations, commands_that_make_or_name_things_expect_nothing)
{
    static const enum response_op ops[] = {
        RESPONSE_OP_PERSON,      RESPONSE_OP_LABEL,       RESPONSE_OP_GRANT,
        RESPONSE_OP_ROSTER,      RESPONSE_OP_PROCEDURE,   RESPONSE_OP_ENROLL,
        RESPONSE_OP_EXPEL,       RESPONSE_OP_DETECT,      RESPONSE_OP_IMPORT,
        RESPONSE_OP_DRILL_START, RESPONSE_OP_DRILL_PROBE, RESPONSE_OP_DRILL_END,
        RESPONSE_OP_ROTATE,      RESPONSE_OP_EVICT,       RESPONSE_OP_CREATE,
        RESPONSE_OP_CLEAR,       RESPONSE_OP_REVOKE,      RESPONSE_OP_DESTROYED,
        RESPONSE_OP_OVERRIDE,    RESPONSE_OP_TENANT,      RESPONSE_OP_CASE,
        RESPONSE_OP_ACKNOWLEDGE, RESPONSE_OP_CHECKPOINT,
    };
    struct play play = play_new(RESPONSE_DIAGNOSE);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        play.part = play.incident;
        struct desk_order order = lawful(&play, ops[i], &play.incident);
        order.expectation_count = 1;
        order.expectations[0] = (struct ledger_expectation){.aspect = RESPONSE_ASPECT_STAGE};
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_EXPECTS_NOTHING), "%s",
                  response_op_name(ops[i]));
    }
    play_free(&play);
}
