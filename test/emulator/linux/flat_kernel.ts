/**
 * A kernel that need not be unpacked by the guest.
 *
 * Debian's kernel is a `bzImage`: code for the start, and the kernel proper, packed with xz. Unpacked by
 * the emulated processor it takes most of the time to boot. So it is unpacked here, and put behind the
 * same code for the start, where each of its parts belongs:
 *
 *     bzImage    setup | code that unpacks | packed kernel
 *     flat       setup | the kernel, laid out from 1 MiB on
 *
 * Whoever loads it puts what follows the setup at 1 MiB, as of any `bzImage`, and the setup jumps to
 * `code32_start`: the kernel's entry instead of the code that unpacks. That code would move it, too; so
 * the kernel lies where it was linked for, and has to be told `nokaslr`.
 *
 * @module
 */

/** Where a loader puts what follows the setup. */
const LOADED_AT = 0x10_0000;
const SETUP = { sectorCount: 0x1f1, code32Start: 0x214, sectorCountOfOld: 4 } as const;
const ELF = { magic: 0x7f454c46, entry: 24, segments: 28, segmentCount: 44 } as const;
const SEGMENT = { bytes: 32, kind: 0, offset: 4, physicalAddress: 12, fileBytes: 16 } as const;
const LOADED = 1;

/**
 * Lays a kernel out.
 *
 * @param image The `bzImage`.
 * @param kernel The kernel that is packed in it: an ELF file for 32 bits.
 * @returns A `bzImage` in which it is not packed.
 */
export function flattenKernel(image: Uint8Array, kernel: Uint8Array): Uint8Array<ArrayBuffer> {
  const elf = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  if (elf.getUint32(0) !== ELF.magic) throw new Error("Cannot lay out the kernel: found no ELF");
  const word = (at: number) => elf.getUint32(at, true);
  const setupBytes = 512 * ((image[SETUP.sectorCount] || SETUP.sectorCountOfOld) + 1);
  const segments = Array.from(
    { length: elf.getUint16(ELF.segmentCount, true) },
    (_, index) => word(ELF.segments) + index * SEGMENT.bytes,
  ).filter((at) => word(at + SEGMENT.kind) === LOADED).map((at) => ({
    place: word(at + SEGMENT.physicalAddress) - LOADED_AT,
    bytes: kernel.subarray(
      word(at + SEGMENT.offset),
      word(at + SEGMENT.offset) + word(at + SEGMENT.fileBytes),
    ),
  }));
  const end = Math.max(...segments.map(({ place, bytes }) => place + bytes.length));
  const flat = new Uint8Array(setupBytes + end);
  flat.set(image.subarray(0, setupBytes));
  for (const { place, bytes } of segments) flat.set(bytes, setupBytes + place);
  new DataView(flat.buffer).setUint32(SETUP.code32Start, word(ELF.entry), true);
  return flat;
}
