/**
 * Read-ahead: notices that somebody reads one sector after the other, and says what to fetch before
 * it is asked for.
 *
 * A read that begins where an earlier one ended, or inside what was fetched for it, goes on with that
 * *stream*. Its second read opens a window, which doubles up to a bound each time the stream comes
 * into the second half of what lies ahead of it. A read that goes on with nothing begins a stream
 * of its own; of those the ones used last are remembered, so that a few readers side by side are each
 * seen for themselves.
 *
 * It decides and fetches nothing.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Sectors in a row. */
export interface Run {
  /** The first. */
  readonly sector: number;
  /** How many. */
  readonly sectorCount: number;
}

/** 32 KiB: the first window is no smaller. */
const WINDOW_SECTORS_MIN = 64;

/** How many streams are remembered. */
const STREAMS_MAX = 8;

interface Stream {
  /** Where the next read of the stream begins. */
  nextSector: number;
  /** Where what was said to be fetched for it ends. */
  aheadSector: number;
  /** How much lies ahead; 0: nothing yet. */
  windowSectors: number;
}

/** Watches reads. */
export class ReadAhead {
  readonly #sectorCount: number;
  readonly #windowSectorsMax: number;
  /** The one used last is at the end. */
  readonly #streams: Stream[] = [];

  /**
   * Nothing was read yet.
   *
   * @param sectorCount The size of the device.
   * @param windowSectorsMax The largest window; 0: nothing is ever fetched ahead.
   */
  constructor(sectorCount: number, windowSectorsMax: number) {
    this.#sectorCount = sectorCount;
    this.#windowSectorsMax = windowSectorsMax;
  }

  /**
   * Sees a read.
   *
   * @param sector Its first sector.
   * @param sectorCount How many; not 0.
   * @returns What to fetch ahead; `null`: nothing.
   */
  see(sector: number, sectorCount: number): Run | null {
    if (this.#windowSectorsMax === 0) return null;
    const nextSector = sector + sectorCount;
    const at = this.#streams.findIndex((stream) =>
      sector >= stream.nextSector && sector <= Math.max(stream.nextSector, stream.aheadSector)
    );
    const [stream] = at === -1 ? [] : this.#streams.splice(at, 1);
    if (stream === undefined) {
      if (this.#streams.length === STREAMS_MAX) this.#streams.shift();
      this.#streams.push({ nextSector, aheadSector: nextSector, windowSectors: 0 });
      return null;
    }
    this.#streams.push(stream);
    return this.#goOn(stream, nextSector, sectorCount);
  }

  #goOn(stream: Stream, nextSector: number, sectorCount: number): Run | null {
    stream.nextSector = nextSector;
    stream.aheadSector = Math.max(stream.aheadSector, nextSector);
    const isFarAhead = stream.aheadSector - nextSector > stream.windowSectors / 2;
    if (isFarAhead) return null;
    const grown = Math.max(2 * stream.windowSectors, 2 * sectorCount, WINDOW_SECTORS_MIN);
    stream.windowSectors = Math.min(this.#windowSectorsMax, grown);
    const first = stream.aheadSector;
    const end = Math.min(this.#sectorCount, nextSector + stream.windowSectors);
    if (end <= first) return null;
    stream.aheadSector = end;
    return { sector: first, sectorCount: end - first };
  }
}
