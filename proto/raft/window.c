/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/raft/internal.h"

static_assert((RAFT_WINDOW & (RAFT_WINDOW - 1)) == 0, "slots are taken by masking");

static struct raft_entry *slot_of(struct raft_window *window, uint64_t index)
{
    return &window->entries[index & (RAFT_WINDOW - 1)];
}

static void add_run(struct raft_window *window, uint64_t first, uint64_t term)
{
    if (window->run_count > 0) {
        const struct raft_run *newest = &window->runs[window->run_count - 1];
        assert(newest->term <= term && newest->first < first);
        if (newest->term == term)
            return;
    }
    if (window->run_count == RAFT_RUNS_MAX) {
        memmove(&window->runs[0], &window->runs[1], sizeof window->runs - sizeof window->runs[0]);
        window->run_count--;
    }
    window->runs[window->run_count++] = (struct raft_run){.first = first, .term = term};
}

void raft_window_init(struct raft_window *window, const struct raft_recovery *recovery)
{
    assert(recovery->tail_count <= RAFT_WINDOW);
    memset(window, 0, sizeof *window);
    window->first = 1;
    if (recovery->tail_count == 0)
        return;
    for (uint32_t i = 0; i < recovery->run_count; i++)
        if (recovery->runs[i].first < recovery->tail[0].index)
            add_run(window, recovery->runs[i].first, recovery->runs[i].term);
    window->first = recovery->tail[0].index;
    window->last.value = window->first - 1;
    for (uint32_t i = 0; i < recovery->tail_count; i++)
        raft_window_append(window, &recovery->tail[i]);
}

const struct raft_entry *raft_window_get(const struct raft_window *window, uint64_t index)
{
    if (index < window->first || index > window->last.value)
        return NULL;
    const struct raft_entry *entry = &window->entries[index & (RAFT_WINDOW - 1)];
    assert(entry->index == index);
    return entry;
}

/* The newest run that begins at or before `index`, or NULL if all begin later. */
static const struct raft_run *run_at(const struct raft_window *window, uint64_t index)
{
    uint32_t low = 0;
    uint32_t high = window->run_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (window->runs[middle].first <= index)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &window->runs[low - 1];
}

bool raft_window_term(const struct raft_window *window, uint64_t index, uint64_t *term)
{
    *term = 0;
    if (index == 0)
        return true;
    if (index > window->last.value)
        return false;
    const struct raft_run *run = run_at(window, index);
    if (run == NULL)
        return false;
    *term = run->term;
    return true;
}

bool raft_window_has(const struct raft_window *window, uint64_t index, uint64_t term)
{
    uint64_t known;
    return raft_window_term(window, index, &known) && known == term;
}

void raft_window_append(struct raft_window *window, const struct raft_entry *entry)
{
    assert(entry->index == window->last.value + 1);
    assert(entry->term > 0);
    if (entry->index - window->first == RAFT_WINDOW)
        window->first++;
    add_run(window, entry->index, entry->term);
    *slot_of(window, entry->index) = *entry;
    window->last.value = entry->index;
}

void raft_window_truncate(struct raft_window *window, uint64_t from)
{
    assert(from >= 1 && from <= window->last.value);
    window->last.value = from - 1;
    window->first = raft_min(window->first, from);
    while (window->run_count > 0 && window->runs[window->run_count - 1].first >= from)
        window->run_count--;
}

uint64_t raft_window_back(const struct raft_window *window, uint64_t index, uint64_t term)
{
    index = raft_min(index, window->last.value);
    for (uint32_t i = window->run_count; i > 0 && index > 0; i--) {
        const struct raft_run *run = &window->runs[i - 1];
        if (run->first > index)
            continue;
        if (run->term <= term)
            return index;
        index = run->first - 1;
    }
    return index;
}

uint64_t raft_window_time(const struct raft_window *window)
{
    const struct raft_entry *last = raft_window_get(window, window->last.value);
    assert(last != NULL || window->last.value == 0);
    return last != NULL ? last->time_ms : 0;
}

uint64_t raft_window_term_first(const struct raft_window *window, uint64_t term)
{
    if (window->run_count > 0 && window->runs[window->run_count - 1].term == term)
        return window->runs[window->run_count - 1].first;
    return window->last.value + 1;
}
