/* A program that uses disk 0 in all ways, and says what came of it: one line for each. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cowdisk.h"

static unsigned char bytes[3 * COWDISK_SECTOR_BYTES];

static void say(const char *what, long long result)
{
    printf("%s %lld\n", what, result);
}

int main(void)
{
    say("size", cowdisk_sector_count(0));
    say("size of no disk", cowdisk_sector_count(7) == -ENODEV);
    for (unsigned i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 7 + i / 512);
    say("write", cowdisk_write(0, 5, bytes, 3));
    memset(bytes, 0, sizeof bytes);
    say("read", cowdisk_read(0, 5, bytes, 3));
    int same = 1;
    for (unsigned i = 0; i < sizeof bytes; i++) same &= bytes[i] == (unsigned char)(i * 7 + i / 512);
    say("same", same);
    say("flush", cowdisk_flush(0));
    say("far", cowdisk_read(0, 1ULL << 40, bytes, 1) == -EINVAL);
    say("discard", cowdisk_discard(0, 5, 1));
    say("read again", cowdisk_read(0, 5, bytes, 1));
    say("zero", bytes[0] == 0 && bytes[511] == 0);
    say("read-only", cowdisk_write(1, 0, bytes, 1) == -EROFS);
    say("no discard", cowdisk_discard(1, 0, 1) == -EROFS);
    const int numbers[] = { EPERM, ENOENT, EIO, ENXIO, EAGAIN, ENOMEM, EBUSY, EEXIST, ENODEV, EINVAL,
                            ENOSPC, EROFS, ENOTSUP, ESHUTDOWN };
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) say("errno", numbers[i]);
    return 0;
}
