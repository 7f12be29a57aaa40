/**
 * Where the kernel is careless and we are not.
 *
 * The reference (this folder) can be as careless as the kernel or as strict as we are, quirk by
 * quirk. So a deliberate difference is not looked up by the name of a vector but explained: the
 * recording must be what the careless reference does, ours what the strict one does, and a quirk is
 * named for it only if taking it away changes the answer.
 */

/** Every quirk: what the kernel does, and what we do instead. */
export const QUIRKS = {
  H1: "a new store's header is written before area 0 is zeroed; here after it",
  H2: "bytes behind the end of the exception list come back to life; here they are cleared first",
  H4: "the exception that fills the last area that fits invalidates the snapshot; here it is full",
  H5: "entries out of range, on metadata or standing twice are believed; here the load is refused",
  H7: "a misaligned discard zeroes a chunk's length from where it starts; here it is cut at chunks",
  passdown: "a discard passed down to the origin is seen by other snapshots; here theirs are kept",
  "origin-first":
    "an origin knows only the snapshots there were when it was resumed; here it learns at once",
  "in-flight": "a request that overflows half-way drops what it has made so far; here that is kept",
} as const;

/** A quirk's name; H1 to H7 are those of the dm-snapshot dossier. */
export type Quirk = keyof typeof QUIRKS;

/** All names. */
export const QUIRK_NAMES = Object.keys(QUIRKS) as Quirk[];

/** Which quirks a reference has, and which have mattered. */
export class Quirks {
  /** Quirks that were asked about where they make a difference. */
  readonly met = new Set<Quirk>();
  readonly #careless: ReadonlySet<Quirk>;

  /**
   * Quirks for one replay.
   *
   * @param careless The ones that are as in the kernel.
   */
  constructor(careless: Iterable<Quirk>) {
    this.#careless = new Set(careless);
  }

  /**
   * Whether to be as careless as the kernel. To be asked only where it matters.
   *
   * @param quirk The quirk.
   */
  has(quirk: Quirk): boolean {
    this.met.add(quirk);
    return this.#careless.has(quirk);
  }
}
