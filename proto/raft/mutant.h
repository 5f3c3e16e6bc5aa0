/* SPDX-License-Identifier: Apache-2.0
 * Historic bugs that a test build may put back, one at a time: -DVIGIL_RAFT_MUTANT=n builds B<n>
 * (docs/raft.md lists them). Each sits at the very line that protects against it, so that a suite
 * which does not notice is shown to be blind there. Normally MUTANT(n) is the constant 0. */
#ifndef VIGIL_PROTO_RAFT_MUTANT_H
#define VIGIL_PROTO_RAFT_MUTANT_H

#ifdef RAFT_MUTANT
#define MUTANT(n) (RAFT_MUTANT == (n))
#else
#define MUTANT(n) 0
#endif

#endif
