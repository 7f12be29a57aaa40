/**
 * Where a bench reads and writes: all blocks of a device, in order or not.
 *
 * @module
 */

/** In which order. */
export type Order = "sequential" | "random";

/** Enough to leave every cache behind that a smaller number would stay in. */
const PLACES_MAX = 2 ** 20;

/**
 * Draws places: multiples of a step, each once. The random order is the same in every run: a linear
 * congruence modulo a power of two, which meets every number below it.
 *
 * @param order In which order.
 * @param sectorCount How many sectors the device has.
 * @param stepSectors Sectors from one place to the next; each place has so many behind it.
 * @returns Sectors; empty when not one step fits.
 */
export function placesIn(order: Order, sectorCount: number, stepSectors: number): Float64Array {
  const count = Math.min(PLACES_MAX, Math.floor(sectorCount / stepSectors));
  if (order === "sequential") {
    return Float64Array.from({ length: count }, (_, at) => at * stepSectors);
  }
  const modulus = 2 ** Math.ceil(Math.log2(Math.max(2, count)));
  const places = new Float64Array(count);
  let number = 1;
  for (let found = 0; found < count;) {
    // A factor that leaves 1 modulo 4 and an odd addend: the period is the modulus.
    number = (number * 1_664_525 + 1_013_904_223) % modulus;
    if (number < count) places[found++] = number * stepSectors;
  }
  return places;
}
