/* SPDX-License-Identifier: Apache-2.0
 * What the checker remembers; shared by its files only. */
#ifndef VIGIL_TESTS_LIB_CHECK_BOOKS_H
#define VIGIL_TESTS_LIB_CHECK_BOOKS_H

#include <uthash.h>

#include "tests/lib/check.h"

/* One remembered number under a pair of numbers. */
struct fact {
    uint64_t key[2];
    uint64_t value;
    UT_hash_handle hh;
};

/* Terms of a log's entries, by index; those of index 0 are zero. */
struct terms {
    uint64_t *at;
    uint64_t last;
    uint64_t room;
};

/* A term's leader, and its log: what it held when it was elected and has appended since. */
struct reign {
    uint64_t term;
    uint64_t node; /* 0: nobody leads, or will */
    struct terms log;
    UT_hash_handle hh;
};

/* What is known of one node. Index 0 of both logs is zero, so that "nothing" compares. */
struct book {
    uint64_t id;
    bool up;
    bool forgiven;  /* its media were lost: what it said before is void */
    uint64_t limit; /* I43: nothing beyond may be committed here; UINT64_MAX: no limit */
    uint64_t applied;
    uint64_t commit;
    uint64_t assured; /* committed as its leaders said, and checked against the one that said so */
    struct terms memory;
    struct check_entry *platter;
    uint64_t platter_last;
    uint64_t platter_room;
    uint64_t term; /* on the platter */
    uint64_t vote;
};

/* A committed entry; what its application answered, once a node has applied it. */
struct verdict {
    struct check_entry entry;
    uint64_t term; /* in which it was committed */
    uint64_t outcome;
    bool applied;
};

struct request {
    uint64_t key;
    uint32_t open;
    bool refused;
    bool unknown;
    bool answered; /* outcome is set */
    uint64_t index;
    uint64_t acked;
    uint64_t outcome;
    UT_hash_handle hh;
};

enum { BOOKS_MAX = 32 };

struct check {
    struct check_config config;
    struct check_violation violation;
    bool failed;
    uint64_t trace;
    struct book books[BOOKS_MAX];
    uint32_t book_count;
    struct verdict *verdicts; /* [1 .. committed] */
    uint64_t committed;
    uint64_t verdict_room;
    struct reign *reigns;
    struct fact *votes;    /* (node, term) -> candidate, once durable */
    struct fact *hashes;   /* (index, term) -> hash */
    struct fact *verified; /* (node, term) -> last index checked against that term's leader */
    struct fact *acked;    /* (node, term) -> last index acknowledged */
    struct fact *agreed;   /* (node, term) -> how far its platter, when it went on to a later term,
                              was the log of that term's leader */
    struct fact *reads;    /* (node, id) -> what was committed when it started */
    struct request *requests;
};

/* The value under (a, b), or 0. */
uint64_t fact_value(struct fact *facts, uint64_t a, uint64_t b);
bool fact_known(struct fact *facts, uint64_t a, uint64_t b);
void fact_set(struct fact **facts, uint64_t a, uint64_t b, uint64_t value);
void fact_raise(struct fact **facts, uint64_t a, uint64_t b, uint64_t value);
void fact_forget(struct fact **facts, uint64_t a, uint64_t b);
void facts_free(struct fact **facts);

void terms_start(struct terms *terms);
void terms_push(struct terms *terms, uint64_t term);

/* The term's reign; one of nobody and nothing if none began. */
struct reign *check_reign(struct check *check, uint64_t term);
void reigns_free(struct reign **reigns);

/* The node leads `term`: its log joins the reign's. */
void check_reign_log(struct check *check, const struct book *book, uint64_t term);

/* The platter's term is about to rise: how far it agreed with the term's leader is remembered. */
void check_term_left(struct check *check, const struct book *book);

/* How far the node's platter is the log of the term's leader, or was when it left that term: no
 * acknowledgement of the term may say more. */
uint64_t check_agreed(struct check *check, const struct book *book, uint64_t term);

/* The node's book; a new one for a node not seen before. */
struct book *check_book(struct check *check, vg_node_id node);

/* How many voters are a quorum, and how many of their platters hold the entry. */
uint32_t check_quorum(const struct check *check);
uint32_t check_copies(const struct check *check, const struct check_entry *entry);

/* Folds a number into the trace. */
void check_mix(struct check *check, uint64_t value);

/* Records the first violation. */
void check_fail(struct check *check, const char *invariant, uint64_t node, uint64_t index,
                uint64_t term, const char *format, ...) __attribute__((format(printf, 6, 7)));

#endif
