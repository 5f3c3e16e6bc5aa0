/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/control.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "tests/lib/must.h"

static const char variable[] = "VIGIL_SHIM_DIR";

void control_enter(char **arguments)
{
    char folder[SCRATCH_PATH];
    must(getenv("LD_PRELOAD") != NULL, "LD_PRELOAD names the shim");
    if (getenv(variable) != NULL)
        return;
    scratch_make(folder);
    setenv(variable, folder, 1);
    execv("/proc/self/exe", arguments);
    must(false, "this program can be started anew");
}

void control_leave(void)
{
    scratch_remove(control_folder());
}

const char *control_folder(void)
{
    return getenv(variable);
}

void control_path(const char *name, char out[CONTROL_PATH])
{
    snprintf(out, CONTROL_PATH, "%s/%s", control_folder(), name);
}

void control_put(const char *name, const char *format, ...)
{
    char path[CONTROL_PATH];
    char text[64];
    va_list arguments;
    struct vg_error error;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    control_path(name, path);
    must(vg_file_write(path, vg_span_text(text), 0600, &error) == VG_OK,
         "a control file is written");
}

void control_clear(const char *name)
{
    char path[CONTROL_PATH];
    control_path(name, path);
    must(unlink(path) == 0, "a control file was there");
}

bool control_has(const char *name)
{
    char path[CONTROL_PATH];
    control_path(name, path);
    return access(path, F_OK) == 0;
}
