/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "common/mem.h"
#include "ops/cli/veris/veris.h"

/* A document with a hole for more members. */
#define DOCUMENT(more)                                                                             \
    "{\"schema_version\":\"1.3.4\",\"incident_id\":\"A-1\",\"summary\":\"Laptop lost\"" more "}"

static struct veris_incident read_good(const char *text)
{
    struct veris_incident incident;
    struct vg_error error = {.text = ""};
    cr_assert_eq(veris_read(vg_span_text(text), &incident, &error), VG_OK, "%s: %s", text,
                 error.text);
    return incident;
}

Test(cli_veris, a_whole_document_becomes_a_claim)
{
    struct veris_incident incident = read_good(DOCUMENT(
        ",\"security_incident\":\"Confirmed\","
        "\"discovery_method\":{\"internal\":{\"variety\":[\"Nids\",\"Log review\"]}},"
        "\"attribute\":{\"confidentiality\":{\"data_total\":1200},\"availability\":{}},"
        "\"timeline\":{\"incident\":{\"year\":2013,\"month\":4,\"day\":9,\"time\":\"21:30\"},"
        "\"discovery\":{\"unit\":\"Weeks\",\"value\":3},\"containment\":{\"unit\":\"Unknown\"}},"
        "\"plus\":{\"anything\":[1,{\"deep\":true}]}"));
    cr_expect_str_eq(incident.key, "A-1");
    cr_expect_str_eq(incident.title, "Laptop lost");
    cr_expect_str_eq(incident.classification, "security-incident");
    cr_expect_eq(incident.source, RESPONSE_SOURCE_AUTOMATED);
    cr_expect_eq(incident.subsource, RESPONSE_SUB_IDS);
    cr_expect_eq(incident.cia, RESPONSE_CONFIDENTIALITY | RESPONSE_AVAILABILITY);
    cr_expect_eq(incident.records, 1200);
    cr_expect_eq(incident.happened_at, 1365543000000U, "2013-04-09T21:30Z");
    cr_expect_eq(incident.unknown_members, 0);
    cr_expect_str_eq(incident.timeline, "incident: 2013-04-09 21:30\n"
                                        "discovery: 3 Weeks\n"
                                        "containment: Unknown\n"
                                        "discovered by: int - Nids, int - Log review");
}

Test(cli_veris, its_command_is_one_the_rules_of_text_take)
{
    const char *text = DOCUMENT("");
    struct veris_incident incident = read_good(text);
    struct response_command command = veris_command(&incident, "veris", vg_span_text(text));
    struct response_command decoded;
    struct vg_buffer bytes = {0};
    struct vg_error error;
    response_command_encode(&command, &bytes);
    cr_assert_eq(response_command_decode(vg_buffer_span(&bytes), &decoded, &error), VG_OK, "%s",
                 error.text);
    cr_assert(vg_span_equal(decoded.import.document, vg_span_text(text)), "kept as found");
    vg_buffer_free(&bytes);
}

Test(cli_veris, discovery_is_one_of_our_sources)
{
    static const struct {
        const char *method;
        uint8_t source, subsource;
    } cases[] = {
        {"\"Int - antivirus\"", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_ANTIMALWARE},
        {"\"Int - HIDS\"", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_IDS},
        {"\"Int - fraud detection\"", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_ANOMALY},
        {"\"Int - reported by user\"", RESPONSE_SOURCE_FIRST_PARTY, 0},
        {"\"Int - security alarm\"", RESPONSE_SOURCE_PHYSICAL, 0},
        {"\"Prt - audit\"", RESPONSE_SOURCE_FIRST_PARTY, 0},
        {"\"Ext - customer\"", RESPONSE_SOURCE_CUSTOMER_REPORT, 0},
        {"\"Ext - law enforcement\"", RESPONSE_SOURCE_UNKNOWN, 0},
        {"\"Unknown\"", RESPONSE_SOURCE_UNKNOWN, 0},
        {"\"x\"", RESPONSE_SOURCE_UNKNOWN, 0},
        {"{\"unknown\":true}", RESPONSE_SOURCE_UNKNOWN, 0},
        {"{\"external\":{\"variety\":[\"Law enforcement\",\"Security researcher\"]}}",
         RESPONSE_SOURCE_VULNERABILITY_REPORT, 0},
        {"{\"external\":{\"variety\":\"Customer\"}}", RESPONSE_SOURCE_CUSTOMER_REPORT, 0},
        {"{\"partner\":{}}", RESPONSE_SOURCE_UNKNOWN, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, DOCUMENT(",\"discovery_method\":%s"), cases[i].method);
        struct veris_incident incident = read_good(text);
        cr_expect_eq(incident.source, cases[i].source, "%s", cases[i].method);
        cr_expect_eq(incident.subsource, cases[i].subsource, "%s", cases[i].method);
    }
}

Test(cli_veris, dates_are_as_exact_as_they_are_said)
{
    static const struct {
        const char *incident;
        uint64_t happened_at;
        const char *timeline;
    } cases[] = {
        {"{\"year\":2012}", 1325376000000U, "incident: 2012"},
        {"{\"year\":2012,\"month\":2}", 1328054400000U, "incident: 2012-02"},
        {"{\"year\":2012,\"month\":2,\"day\":31}", 1328054400000U, "incident: 2012-02-31"},
        {"{\"year\":2012,\"day\":31}", 1325376000000U, "incident: 2012"},
        {"{\"year\":1961}", 0, "incident: 1961"},
        {"{}", 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, DOCUMENT(",\"timeline\":{\"incident\":%s}"), cases[i].incident);
        struct veris_incident incident = read_good(text);
        cr_expect_eq(incident.happened_at, cases[i].happened_at, "%s", cases[i].incident);
        cr_expect_str_eq(incident.timeline, cases[i].timeline);
    }
}

Test(cli_veris, titles_are_one_line_of_whole_characters)
{
    char text[1024];
    char summary[600] = "\\n\\t  ";
    for (size_t i = 0; i < 190; i++) /* 570 bytes do not fit; the 256th is within a character */
        memcpy(summary + strlen(summary), "\u20ac", 4);
    struct veris_incident incident = read_good(
        "{\"schema_version\":\"1.3\",\"incident_id\":\"A\",\"summary\":\" a\\tb \\nsecond\"}");
    cr_expect_str_eq(incident.title, "a b");
    incident =
        read_good("{\"schema_version\":\"1.3\",\"incident_id\":\"A\",\"summary\":\"don\\u0092t\"}");
    cr_expect_str_eq(incident.title, "don t");
    snprintf(text, sizeof text,
             "{\"schema_version\":\"1.3\",\"incident_id\":\"A\",\"summary\":\"%s\"}", summary);
    incident = read_good(text);
    cr_expect_eq(strlen(incident.title), 255);
    incident = read_good("{\"schema_version\":\"1.3\",\"incident_id\":\"A\",\"victim\":{\"victim_"
                         "id\":\"Acme\"},\"action\":{\"malware\":{},\"social\":{}}}");
    cr_expect_str_eq(incident.title, "Acme: malware, social");
    incident = read_good("{\"schema_version\":\"1.3\",\"incident_id\":\"A\"}");
    cr_expect_str_eq(incident.title, "A");
}

Test(cli_veris, members_the_schema_does_not_know_are_counted)
{
    cr_expect_eq(read_good(DOCUMENT(",\"x\":{\"y\":1}")).unknown_members, 1);
    cr_expect_eq(read_good(DOCUMENT(",\"actor\":{\"alien\":{}},\"ioc\":[{\"a\":1},{\"a\":2}]"))
                     .unknown_members,
                 3);
    cr_expect_eq(read_good(DOCUMENT(",\"plus\":{\"x\":1,\"y\":2}")).unknown_members, 0);
}

Test(cli_veris, a_document_that_cannot_be_taken_says_why)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "the document is empty"},
        {"{", "line 1, column 1"},
        {"[]", "the document must be an object"},
        {"7", "line 1"},
        {"{\"incident_id\":\"A\"}", "schema_version is missing"},
        {"{\"incident_id\":\"A\",\"schema_version\":\"1.2\"}", "schema_version is 1.2"},
        {"{\"incident_id\":\"A\",\"schema_version\":\"1.31\"}", "schema_version is 1.31"},
        {"{\"schema_version\":\"1.3\"}", "incident_id must be"},
        {"{\"schema_version\":\"1.3\",\"incident_id\":\"\"}", "incident_id must be"},
        {"{\"schema_version\":\"1.3\",\"incident_id\":7}", "incident_id must be a text"},
        {"{\"schema_version\":\"1.3\",\"incident_id\":\"a\\u0007b\"}", "control characters"},
        {DOCUMENT("") "x", "end of file expected"},
        {DOCUMENT(",\"incident_id\":\"B\""), "duplicate object key"},
        {DOCUMENT(",\"notes\":\"\xff\""), "unable to decode byte 0xff"},
        {DOCUMENT(",\"victim\":[]"), "victim must be an object"},
        {DOCUMENT(",\"timeline\":{\"incident\":{\"year\":\"2012\"}}"),
         "timeline.incident.year must be a number"},
        {DOCUMENT(",\"timeline\":{\"incident\":{\"month\":13}}"),
         "timeline.incident.month must be a whole number from 1 to 12"},
        {DOCUMENT(",\"attribute\":{\"confidentiality\":{\"data_total\":-1}}"),
         "attribute.confidentiality.data_total must be a whole number"},
        {DOCUMENT(",\"actor\":{\"external\":{\"motive\":[1]}}"),
         "actor.external.motive must be a list of texts"},
        {DOCUMENT(",\"asset\":{\"assets\":[\"M - Documents\"]}"),
         "asset.assets must be a list of objects"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct veris_incident incident;
        struct vg_error error = {.text = ""};
        cr_expect_eq(veris_read(vg_span_text(cases[i].text), &incident, &error), VG_INVALID, "%s",
                     cases[i].text);
        cr_expect(strstr(error.text, cases[i].why) != NULL, "%s: %s", cases[i].text, error.text);
    }
}

Test(cli_veris, nesting_has_a_bound)
{
    enum { LEVELS = 100000 };
    struct vg_buffer text = {0};
    struct veris_incident incident;
    struct vg_error error = {.text = ""};
    static const unsigned levels[] = {70, LEVELS};
    for (size_t i = 0; i < 2; i++) {
        static const char head[] =
            "{\"schema_version\":\"1.3\",\"incident_id\":\"A\",\"plus\":{\"x\":";
        vg_buffer_clear(&text);
        vg_buffer_append(&text, head, strlen(head));
        for (unsigned level = 0; level < levels[i]; level++)
            vg_buffer_append(&text, "[", 1);
        for (unsigned level = 0; level < levels[i]; level++)
            vg_buffer_append(&text, "]", 1);
        vg_buffer_append(&text, "}}", 2);
        cr_expect_eq(veris_read(vg_buffer_span(&text), &incident, &error), VG_INVALID);
        cr_expect(strstr(error.text, "nested") != NULL || strstr(error.text, "depth") != NULL, "%s",
                  error.text);
    }
    vg_buffer_free(&text);
}
