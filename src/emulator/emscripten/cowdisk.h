/*
 * Disks of cowdisk for programs compiled by Emscripten: blocking calls, in sectors of 512 bytes.
 *
 * Link with `--js-library cowdisk_library.js`, which says how disks are given to the program. A disk
 * is named by its index. Every call returns 0, or a negative error number of <errno.h>.
 * Buffers are the caller's, and filled whole when a read returns 0.
 */
#ifndef COWDISK_H
#define COWDISK_H

#include <stdint.h>

#define COWDISK_SECTOR_BYTES 512

#ifdef __cplusplus
extern "C" {
#endif

/* Sectors travel as doubles, exact up to 2^53: 64-bit integers would need a flag of the linker. */
extern double cowdisk_js_sector_count(int disk);
extern int cowdisk_js_read(int disk, double sector, void *target, uint32_t sector_count);
extern int cowdisk_js_write(int disk, double sector, const void *source, uint32_t sector_count);
extern int cowdisk_js_discard(int disk, double sector, double sector_count);
extern int cowdisk_js_flush(int disk);

/* The size of a disk in sectors, or a negative error number. */
static inline int64_t cowdisk_sector_count(int disk)
{
    return (int64_t)cowdisk_js_sector_count(disk);
}

/* Reads sectors. */
static inline int cowdisk_read(int disk, uint64_t sector, void *target, uint32_t sector_count)
{
    return cowdisk_js_read(disk, (double)sector, target, sector_count);
}

/* Writes sectors. They are durable after the next flush. */
static inline int cowdisk_write(int disk, uint64_t sector, const void *source,
                                uint32_t sector_count)
{
    return cowdisk_js_write(disk, (double)sector, source, sector_count);
}

/* Tells that sectors are no longer needed. -EOPNOTSUPP if the disk cannot do anything with that. */
static inline int cowdisk_discard(int disk, uint64_t sector, uint64_t sector_count)
{
    return cowdisk_js_discard(disk, (double)sector, (double)sector_count);
}

/* Makes every write that has ended durable. */
static inline int cowdisk_flush(int disk)
{
    return cowdisk_js_flush(disk);
}

#ifdef __cplusplus
}
#endif

#endif
