/**
 * The JavaScript side of `cowdisk.h`, for Emscripten's linker: `emcc --js-library cowdisk_library.js`.
 *
 * Disks are given to the module before it runs: `Module.cowdisk`, an array of synchronous devices,
 * such as `connectSyncDisk` of `cowdisk/sync-disk` returns; a disk's index is its name in C. With a
 * shared heap (`-pthread`) pass that heap, `wasmMemory`, as one of its `memories`, and bytes are
 * moved in place. The calls are made in the thread that has the module: with threads of its own a
 * program makes them there.
 *
 * An error becomes its number, negative: that of <errno.h>. What is no error of a device is EIO, and
 * is told on the console, for nobody else will see it.
 */
mergeInto(LibraryManager.library, {
  $cowdisk: {
    // Emscripten's own error numbers, which are not Linux's: what <errno.h> says there.
    errorNumbers: {
      EPERM: 63,
      ENOENT: 44,
      EIO: 29,
      ENXIO: 60,
      EAGAIN: 6,
      ENOMEM: 48,
      EBUSY: 10,
      EEXIST: 20,
      ENODEV: 43,
      EINVAL: 28,
      ENOSPC: 51,
      EROFS: 69,
      ENOTSUP: 138,
      ESHUTDOWN: 140,
    },
    // Does something with a disk. Returns what that returns, or a negative error number.
    with: function (index, work) {
      const disk = Module["cowdisk"] && Module["cowdisk"][index];
      if (!disk) return -cowdisk.errorNumbers.ENODEV;
      try {
        return work(disk) || 0;
      } catch (error) {
        const number = cowdisk.errorNumbers[error.code];
        if (number === undefined) err("cowdisk: " + error);
        return -(number || cowdisk.errorNumbers.EIO);
      }
    },
    // The heap's bytes, wherever the heap is now. Addresses above 2 GiB arrive as negative numbers.
    bytes: function (address, sectorCount) {
      const start = address >>> 0;
      return HEAPU8.subarray(start, start + (sectorCount >>> 0) * 512);
    },
  },

  cowdisk_js_sector_count__deps: ["$cowdisk"],
  cowdisk_js_sector_count: function (index) {
    return cowdisk.with(index, function (disk) {
      return disk.sectorCount;
    });
  },

  cowdisk_js_read__deps: ["$cowdisk"],
  cowdisk_js_read: function (index, sector, target, sectorCount) {
    return cowdisk.with(index, function (disk) {
      disk.readSync(cowdisk.bytes(target, sectorCount), sector);
    });
  },

  cowdisk_js_write__deps: ["$cowdisk"],
  cowdisk_js_write: function (index, sector, source, sectorCount) {
    return cowdisk.with(index, function (disk) {
      disk.writeSync(cowdisk.bytes(source, sectorCount), sector);
    });
  },

  cowdisk_js_discard__deps: ["$cowdisk"],
  cowdisk_js_discard: function (index, sector, sectorCount) {
    return cowdisk.with(index, function (disk) {
      disk.discardSync(sector, sectorCount);
    });
  },

  cowdisk_js_flush__deps: ["$cowdisk"],
  cowdisk_js_flush: function (index) {
    return cowdisk.with(index, function (disk) {
      disk.flushSync();
    });
  },
});
