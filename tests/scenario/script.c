/* SPDX-License-Identifier: Apache-2.0
 * Takes lines apart, finds their command, and prints replies. */
#include "tests/scenario/script.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* ---- replies ----------------------------------------------------------------------------------
 */

void fail(struct session *session, const char *code, const char *format, ...)
{
    if (session->reply != REPLY_OK)
        return;
    session->reply = REPLY_ERR;
    snprintf(session->code, sizeof session->code, "%s", code);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(session->text, sizeof session->text, format, arguments);
    va_end(arguments);
}

void bad_syntax(struct session *session, const char *format, ...)
{
    if (session->reply == REPLY_SYNTAX)
        return;
    session->reply = REPLY_SYNTAX;
    snprintf(session->code, sizeof session->code, "syntax");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(session->text, sizeof session->text, format, arguments);
    va_end(arguments);
}

static void raise_exit(struct session *session, enum script_exit code)
{
    if (code > session->exit)
        session->exit = code;
}

/* Holds the command's reply against what expect-err announced. */
static void judge(struct session *session, const char *expected)
{
    if (expected[0] == '\0' || session->reply == REPLY_SYNTAX)
        return;
    bool met = session->reply == REPLY_ERR && strcmp(session->code, expected) == 0;
    if (met) {
        fprintf(session->out, "expected %s %s\n", session->code, session->text);
        session->reply = REPLY_OK;
        return;
    }
    char seen[WORLD_NAME];
    snprintf(seen, sizeof seen, "%s", session->reply == REPLY_OK ? "ok" : session->code);
    session->reply = REPLY_OK;
    assert_fail(session, "expected err %s, the command answered %s", expected, seen);
}

static void print_reply(struct session *session)
{
    const struct check_violation *violation =
        session->world != NULL ? check_violation(session->world->check) : NULL;
    if (violation != NULL) {
        char text[512];
        check_violation_format(violation, text, sizeof text);
        fprintf(session->out, "VIOLATION %s\n", text);
        fprintf(stderr, "line %u: VIOLATION %s\n", session->line, text);
        fail(session, "violation", "%s", violation->invariant);
        raise_exit(session, EXIT_VIOLATION);
    }
    if (session->reply == REPLY_OK) {
        fprintf(session->out, "ok\n.\n");
        return;
    }
    if (session->reply == REPLY_SYNTAX)
        fprintf(session->out, "err syntax line %u: %s\n.\n", session->line, session->text);
    else
        fprintf(session->out, "err %s %s\n.\n", session->code, session->text);
    fprintf(stderr, "line %u: err %s %s\n", session->line, session->code, session->text);
    raise_exit(session, session->reply == REPLY_SYNTAX ? EXIT_SYNTAX : EXIT_ASSERT);
}

/* ---- taking a line apart ----------------------------------------------------------------------
 */

/* False if the bytes cannot be a line of the language. */
static bool clean(struct session *session, const char *line, size_t size)
{
    if (size > SCRIPT_LINE)
        bad_syntax(session, "longer than %d bytes", SCRIPT_LINE);
    else if (memchr(line, '\0', size) != NULL)
        bad_syntax(session, "contains a NUL byte");
    else if (!vg_utf8_valid(vg_span_of(line, size)))
        bad_syntax(session, "is not valid UTF-8");
    for (size_t i = 0; i < size && session->reply == REPLY_OK; i++) {
        unsigned char byte = (unsigned char)line[i];
        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            bad_syntax(session, "contains the control character 0x%02x", byte);
    }
    return session->reply == REPLY_OK;
}

/* "key=value" with a key of a-z and '-'. */
static char *split_pair(char *word)
{
    size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz-");
    return length > 0 && word[length] == '=' ? word + length : NULL;
}

static bool add_word(struct session *session, struct call *call, char *word)
{
    if (call->word_count + call->pair_count >= SCRIPT_WORDS) {
        bad_syntax(session, "has more than %d words", SCRIPT_WORDS);
        return false;
    }
    if (call->name == NULL) {
        call->name = word;
        return true;
    }
    char *equals = split_pair(word);
    if (equals == NULL) {
        call->words[call->word_count++] = word;
        return true;
    }
    *equals = '\0';
    if (pair_value(call, word) != NULL) {
        bad_syntax(session, "gives %s= twice", word);
        return false;
    }
    if (equals[1] == '\0') {
        bad_syntax(session, "%s= has no value", word);
        return false;
    }
    call->pairs[call->pair_count++] = (struct pair){.key = word, .value = equals + 1};
    return true;
}

static bool take_apart(struct session *session, char *line, struct call *call)
{
    char *rest = NULL;
    for (char *word = strtok_r(line, " \t", &rest); word != NULL && word[0] != '#';
         word = strtok_r(NULL, " \t", &rest)) {
        if (!add_word(session, call, word))
            return false;
    }
    return true;
}

const struct command *const command_tables[] = {
    cluster_commands, act_commands, drive_commands, fault_commands, show_commands,
    assert_commands,  NULL};

static const struct command *find_command(const char *name)
{
    for (size_t t = 0; command_tables[t] != NULL; t++) {
        for (const struct command *command = command_tables[t]; command->name != NULL; command++) {
            if (strcmp(command->name, name) == 0)
                return command;
        }
    }
    return NULL;
}

static bool allowed_key(const struct command *command, const char *key)
{
    char padded[WORLD_NAME];
    if (command->keys == NULL || strlen(key) + 3 > sizeof padded)
        return false;
    snprintf(padded, sizeof padded, " %s ", key);
    return strstr(command->keys, padded) != NULL;
}

static bool fits(struct session *session, const struct call *call)
{
    const struct command *command = call->command;
    if (call->word_count < command->words_min || call->word_count > command->words_max)
        bad_syntax(session, "usage: %s %s", command->name, command->usage);
    for (uint32_t i = 0; i < call->pair_count; i++) {
        if (!allowed_key(command, call->pairs[i].key))
            bad_syntax(session, "%s has no key %s=; usage: %s %s", command->name,
                       call->pairs[i].key, command->name, command->usage);
    }
    return session->reply == REPLY_OK;
}

/* ---- a line -----------------------------------------------------------------------------------
 */

static bool needs_cluster(const struct command *command)
{
    static const char *const free_commands[] = {"add-nodes", "help", "expect-err", "allow"};
    for (size_t i = 0; i < sizeof free_commands / sizeof free_commands[0]; i++) {
        if (strcmp(command->name, free_commands[i]) == 0)
            return false;
    }
    return true;
}

static void run_call(struct session *session, struct call *call)
{
    call->command = find_command(call->name);
    if (call->command == NULL) {
        const char *what = unsupported_what(call->name);
        if (what != NULL)
            fail(session, "unsupported", "%s", what);
        else
            bad_syntax(session, "unknown command \"%.64s\"; `help` lists them", call->name);
        return;
    }
    if (!fits(session, call))
        return;
    if (session->ended)
        fail(session, "ended", "the run is over");
    else if (session->world == NULL && needs_cluster(call->command))
        fail(session, "no-cluster", "add-nodes comes first");
    else
        call->command->run(session, call);
}

bool session_line(struct session *session, char *line, size_t size)
{
    session->line++;
    session->reply = REPLY_OK;
    if (size > 0 && size <= SCRIPT_LINE && line[size - 1] == '\r')
        size--;
    struct call call = {0};
    if (clean(session, line, size)) {
        line[size] = '\0';
        if (session->trace != NULL && session->world != NULL)
            world_trace(session->world, json_pack("{s:s, s:i, s:s}", "what", "line", "number",
                                                  (int)session->line, "text", line));
        if (take_apart(session, line, &call) && call.name == NULL)
            return true;
    }
    char expected[WORLD_NAME] = "";
    if (session->reply == REPLY_OK) {
        snprintf(expected, sizeof expected, "%s", session->expected);
        session->expected[0] = '\0';
        run_call(session, &call);
        judge(session, expected);
    }
    print_reply(session);
    fflush(session->out);
    return session->exit < EXIT_SYNTAX;
}

enum script_exit session_finish(struct session *session)
{
    if (session->expected[0] != '\0' && session->exit < EXIT_SYNTAX) {
        fprintf(stderr, "line %u: expect-err is followed by no command\n", session->line);
        raise_exit(session, EXIT_SYNTAX);
    }
    if (!session->ended && session->exit == EXIT_OK)
        fprintf(stderr, "line %u: no `end`, so convergence was not checked\n", session->line);
    return session->exit;
}
