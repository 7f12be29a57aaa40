/**
 * What a view has promised: for every sector, which writes it may hold, now and after a loss of power.
 *
 * A sector of a view has *versions*: what it held at first, and every write issued since. Two rules
 * say which of them may be found.
 *
 * | found by | version v is impossible if some version w of the sector, issued after v was answered, |
 * |---|---|
 * | a read | was answered before the read began |
 * | whoever looks after a loss of power | is durable |
 *
 * A write is *durable* when it was answered and asked for it (FUA), or when a flush of its view that
 * began after its answer has been answered. A write that failed, or a discard, which may do nothing,
 * is *in doubt*: it may be found, and it makes nothing impossible.
 *
 * A **snapshot** is a view of its own from the moment its creation begins. Until that is answered it
 * promises only not to make things up: it may hold anything its parent may have held since. From the
 * answer on it holds, durably, what its parent may have held at some moment of the creation.
 *
 * A **merge** makes the parent promise what the snapshot did. Writes of the parent that were under way
 * when it began, or were issued before it was answered, are in doubt.
 *
 * The model knows nothing of chunks, exceptions, stores or orders of I/O, and times are its own: a
 * counter of what was told to it.
 */

/** A write, and what became of it. */
export interface Write {
  /** Its number, from which its contents follow; 0 is zeroes. */
  readonly stamp: number;
  readonly issuedAt: number;
  /** `Infinity` until then. */
  answeredAt: number;
  /** From when on it outlives a loss of power. */
  durableAt: number;
  /** Whether an answer will mean that it was done. */
  isInDoubt: boolean;
}

/** A flush under way. */
export interface Flush {
  readonly begunAt: number;
  readonly isInDoubt: boolean;
}

/** Counts what happens, for all views of a machine. */
export class Moments {
  #count = 0;

  /** A moment, later than all before. */
  next(): number {
    return ++this.#count;
  }
}

/** What one view has promised. */
export class Promises {
  readonly sectorCount: number;
  readonly #moments: Moments;
  #versions: Write[][];
  /** Writes that are not durable yet. */
  #volatile = new Set<Write>();
  /** Whether it is becoming another view. */
  #isInDoubt = false;
  /** What it was before it became another view, for reads that began before it had. */
  #former: Promises | null = null;
  /** When it began to become another view, and when it had. */
  #becomesAt = -Infinity;
  #becameAt = -Infinity;

  private constructor(versions: Write[][], moments: Moments) {
    this.sectorCount = versions.length;
    this.#versions = versions;
    this.#moments = moments;
  }

  /**
   * A view whose sectors hold, durably, one of some writes each.
   *
   * @param stamps By sector, the writes that it may hold.
   * @param begunAt Since when that is so.
   */
  static holding(
    stamps: readonly Iterable<number>[],
    moments: Moments,
    begunAt = moments.next(),
  ): Promises {
    const at = moments.next();
    const versions = stamps.map((set) => [...set].map((stamp) => durably(stamp, begunAt, at)));
    return new Promises(versions, moments);
  }

  // What happens.

  /** A write begins. */
  issue(stamp: number, sector: number, sectorCount: number): Write {
    const issuedAt = this.#moments.next();
    const isInDoubt = this.#isInDoubt;
    const write: Write = { stamp, issuedAt, answeredAt: Infinity, durableAt: Infinity, isInDoubt };
    for (let at = sector; at < sector + sectorCount; at++) this.#versions[at]?.push(write);
    this.#volatile.add(write);
    return write;
  }

  /** A write has succeeded. */
  answer(write: Write, isDurable: boolean): void {
    write.answeredAt = this.#moments.next();
    if (isDurable && !write.isInDoubt) this.#settle(write);
  }

  /** A write has failed, or it is not said that it did anything. */
  leaveInDoubt(write: Write): void {
    write.isInDoubt = true;
    write.answeredAt = this.#moments.next();
    this.#volatile.delete(write);
  }

  /** A flush begins. */
  beginFlush(): Flush {
    return { begunAt: this.#moments.next(), isInDoubt: this.#isInDoubt };
  }

  /** A flush has succeeded. */
  endFlush({ begunAt, isInDoubt }: Flush): void {
    this.#moments.next();
    // One that began before this became another view may have flushed what it was.
    if (isInDoubt || begunAt < this.#becomesAt) return;
    for (const write of this.#volatile) {
      if (write.answeredAt < begunAt && !write.isInDoubt) this.#settle(write);
    }
  }

  /** The creation of a snapshot of this view begins. */
  beginSnapshot(sectorCount: number): UnbornPromises {
    return new UnbornPromises(this, sectorCount, this.#moments);
  }

  /** This view begins to become a snapshot of it. */
  beginMerge(snapshot: Promises): void {
    const underWay = new Set(
      [...this.#volatile].filter(({ answeredAt }) => answeredAt === Infinity),
    );
    for (const write of underWay) write.isInDoubt = true;
    const own = this.#versions;
    this.#former = new Promises(own, this.#moments);
    this.#isInDoubt = true;
    this.#becomesAt = this.#moments.next();
    this.#becameAt = Infinity;
    this.#volatile = new Set([...snapshot.#volatile, ...underWay]);
    this.#versions = own.map((versions, sector) => [
      ...snapshot.#versions[sector] ?? [],
      ...versions.filter((write) => underWay.has(write)),
    ]);
  }

  /** This view has become the snapshot. */
  endMerge(): void {
    this.#becameAt = this.#moments.next();
    this.#isInDoubt = false;
  }

  // What may be found.

  /** The beginning of a read. */
  beginRead(): number {
    return this.#moments.next();
  }

  /** Which stamps a read that began at some moment and ends now may find. */
  readable(sector: number, begunAt: number): Set<number> {
    const isOver = ({ isInDoubt, answeredAt }: Write) => !isInDoubt && answeredAt < begunAt;
    const stamps = stampsOf(this.#versionsWithout(sector, isOver));
    if (this.#former === null || begunAt > this.#becameAt) return stamps;
    return new Set([...stamps, ...this.#former.readable(sector, begunAt)]);
  }

  /** Which stamps may be found if the power goes now. */
  survivors(sector: number): Set<number> {
    return stampsOf(this.#versionsWithout(sector, ({ durableAt }) => durableAt < Infinity));
  }

  /** All versions that a sector ever had. */
  versionsOf(sector: number): readonly Write[] {
    return this.#versions[sector] ?? [];
  }

  #versionsWithout(sector: number, overrides: (write: Write) => boolean): Write[] {
    const versions = this.#versions[sector] ?? [];
    const [only] = versions;
    if (versions.length === 1 && only !== undefined) return versions;
    const overriddenAt = Math.max(...versions.map((w) => overrides(w) ? w.issuedAt : -Infinity));
    return versions.filter(({ answeredAt }) => !(answeredAt < overriddenAt));
  }

  #settle(write: Write): void {
    write.durableAt = this.#moments.next();
    this.#volatile.delete(write);
  }
}

/** What a snapshot promises while it is being created. */
export class UnbornPromises {
  readonly sectorCount: number;
  readonly #parent: Promises;
  readonly #moments: Moments;
  readonly #begunAt: number;
  readonly #survivors: Set<number>[] = [];

  constructor(parent: Promises, sectorCount: number, moments: Moments) {
    this.sectorCount = sectorCount;
    this.#parent = parent;
    this.#moments = moments;
    this.#begunAt = moments.next();
    for (let at = 0; at < sectorCount; at++) this.#survivors.push(parent.survivors(at));
  }

  /** Which stamps may be found if the power goes now. */
  survivors(sector: number): Set<number> {
    const later = this.#parent.versionsOf(sector)
      .filter(({ answeredAt }) => answeredAt >= this.#begunAt);
    return new Set([...this.#survivors[sector] ?? [], ...stampsOf(later)]);
  }

  /** The creation was answered. */
  born(): Promises {
    const stamps = this.#survivors.map((_, at) => this.#parent.readable(at, this.#begunAt));
    return Promises.holding(stamps, this.#moments, this.#begunAt);
  }
}

function durably(stamp: number, issuedAt: number, at: number): Write {
  return { stamp, issuedAt, answeredAt: at, durableAt: at, isInDoubt: false };
}

function stampsOf(versions: readonly Write[]): Set<number> {
  return new Set(versions.map(({ stamp }) => stamp));
}
