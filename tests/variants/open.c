/* SPDX-License-Identifier: Apache-2.0
 * vigild and vigil to which everybody who is enrolled may read everything, for the test that asks
 * as an outsider: what it must not be told by the product it must be told here. The linker puts
 * these functions in the place of the state machine's own (CMakeLists.txt). */
#include <string.h>

#include "common/log.h"
#include "proto/response/readers.h"

enum response_sight __wrap_response_sight_of(const struct response_machine *machine,
                                             const vg_id *person, const vg_id *compartment);
bool __wrap_response_knows_compartment(const struct response_machine *machine, const vg_id *person,
                                       const vg_id *compartment);
bool __wrap_response_manages(const struct response_machine *machine, const vg_id *person);
int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

enum response_sight __wrap_response_sight_of(const struct response_machine *machine,
                                             const vg_id *person, const vg_id *compartment)
{
    (void)machine, (void)person, (void)compartment;
    return RESPONSE_SEES_CONTENT;
}

bool __wrap_response_knows_compartment(const struct response_machine *machine, const vg_id *person,
                                       const vg_id *compartment)
{
    (void)machine, (void)person, (void)compartment;
    return true;
}

bool __wrap_response_manages(const struct response_machine *machine, const vg_id *person)
{
    (void)machine, (void)person;
    return true;
}

int __wrap_main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    if (strcmp(slash != NULL ? slash + 1 : argv[0], "vigild") == 0)
        vg_log(VG_LOG_WARN, "test-build", "asks for no role: everybody reads everything");
    return __real_main(argc, argv);
}
