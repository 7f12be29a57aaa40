/**
 * The notebook: a boot sector of 512 bytes that keeps what is typed on the disk that it came from.
 *
 * @module
 */
import { commonOptions, type Guest, hasMark, SECTOR_BYTES } from "./guest.ts";
import { fetchNotebook } from "./parts.ts";

const MEMORY_BYTES = 2 * 1024 * 1024;
/** The last two bytes of a boot sector. */
const BOOT_MARK = { offsetBytes: 510, mark: 0xaa55 } as const;
/** The program, the number of notes and the first sixty-two notes. */
const WRECKED_SECTORS = 64;

/** The notebook. */
export const notebook: Guest = {
  name: "notebook",
  title: "Notebook",
  about:
    "A program of 512 bytes. Type a note and press Enter: it is written to the disk that the " +
    "program was booted from. An empty line lists all notes.",
  sectorCount: 256,
  console: "screen",
  momentsMax: 8,
  attach: {},
  options: (parts) => Promise.resolve(commonOptions(parts, MEMORY_BYTES)),
  install: async (device) => await device.write(await fetchNotebook(), 0, { fua: true }),
  greeting: { types: "", until: /NOTEBOOK[^]*> $/ },
  isWhole: (device) => hasMark(device, BOOT_MARK.offsetBytes, BOOT_MARK.mark),
  async wreck({ emulator, hda, device }) {
    await emulator.stop();
    await hda.drain();
    const noise = crypto.getRandomValues(new Uint8Array(WRECKED_SECTORS * SECTOR_BYTES));
    noise.fill(0, BOOT_MARK.offsetBytes, SECTOR_BYTES); // By no chance the mark of a boot sector.
    await device.write(noise, 0, { fua: true });
    emulator.restart();
    await emulator.run();
    return `Noise over the first ${WRECKED_SECTORS} sectors: the program and all notes. ` +
      "The machine was reset, and finds nothing to boot.";
  },
};
