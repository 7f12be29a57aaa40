/**
 * The reader desk: where the writer of a disk and those who only look at it meet.
 *
 * A reader shows one state for as long as it is open, whatever the writer does meanwhile. It shows what
 * some manifest names, and that stays as it is because of one rule:
 *
 * **A writer never writes, and never removes, a layer that a reader may look at.** Such layers are
 * *held*. Of a branch that ends in a held layer the writer first puts a new one on it.
 *
 * | a reader comes | then |
 * |---|---|
 * | when nobody writes | it keeps writers out while it reads the manifest; a writer that comes later finds that somebody reads, and holds all layers there are |
 * | beside a writer | it asks; the writer puts a new layer on each of its branches, holds all below, and answers with the manifest from before |
 * | beside a writer that dies before it answers | the writer's lock is free: as when nobody writes |
 *
 * When the last reader has gone, which the writer is told also when its page has crashed, what was held
 * is used again, and layers that nobody names are removed as those of a deleted snapshot.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What a writer does for readers. */
export interface ReaderHost {
  /**
   * Makes what there is now durable, and holds it.
   *
   * @returns The manifest that shows it.
   */
  freeze(): Promise<string>;
  /** Told when nobody reads any more, and at the beginning if nobody does. */
  free(): void;
}

/** The writer's place. */
export interface WriterSeat {
  /** Whether somebody may read. */
  readonly hasReaders: boolean;
  /**
   * Begins to answer readers.
   *
   * @param host Who does what they ask for.
   */
  serve(host: ReaderHost): void;
  /** Lets others write. */
  leave(): Promise<void>;
}

/** A reader's place: what it has seen of the disk is held until it leaves. */
export interface ReaderSeat {
  /** The manifest as a writer has answered it; `null`: nobody writes before {@linkcode letWrite}. */
  readonly manifest: string | null;
  /** Tells that the manifest was read. */
  letWrite(): Promise<void>;
  /** Tells that nothing is looked at any more. */
  leave(): Promise<void>;
}

/** Where they meet. */
export interface ReaderDesk {
  /**
   * Takes the writer's place.
   *
   * @param disk The disk's name, for messages.
   * @throws {BlockDeviceError} `EBUSY` when somebody else has it and we do not wait.
   */
  beginWriting(disk: string): Promise<WriterSeat>;
  /** Takes a reader's place. */
  beginReading(): Promise<ReaderSeat>;
}
