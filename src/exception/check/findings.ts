/**
 * What a checker tells: findings, one for each inconsistency, as they are found.
 *
 * | severity | meaning |
 * |---|---|
 * | error | what is stored cannot be used as it is: opening it is refused, or starts afresh |
 * | warning | it can be used here; elsewhere, or later, it may go wrong |
 * | note | unusual, and harmless |
 *
 * A checker of another kind of table has kinds of its own and tells them through the same
 * {@linkcode FindingTally}. Findings are passed on and counted, never collected: a device full of
 * garbage has millions.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** How bad a finding is. */
export type Severity = "error" | "warning" | "note";

/** Something that is not as it should be. */
export interface Finding<Kind extends string = string> {
  /** Which rule is broken. */
  readonly kind: Kind;
  /** How bad that is. */
  readonly severity: Severity;
  /** Whether it can be repaired without a guess. */
  readonly isRepairable: boolean;
  /** The area it was found in. */
  readonly area?: number;
  /** The entry of that area. */
  readonly entry?: number;
  /** The chunk it is about; not exact from 2^53 on. */
  readonly chunk?: number;
  /** What was found, for people. */
  readonly message: string;
}

/** How many findings there were. */
export interface FindingCounts {
  /** Of severity `error`. */
  readonly errors: number;
  /** Of severity `warning`. */
  readonly warnings: number;
  /** Of severity `note`. */
  readonly notes: number;
}

/** What is fixed about a kind of finding. */
export interface FindingRule {
  /** How bad it is. */
  readonly severity: Severity;
  /** Whether it can be repaired without a guess. */
  readonly isRepairable?: boolean;
}

/** Where a finding was made, and what it is about. */
export type FindingPlace = Pick<Finding, "area" | "entry" | "chunk">;

const COUNTERS = { error: "errors", warning: "warnings", note: "notes" } as const;

/** Passes findings on, and counts them. */
export class FindingTally<Kind extends string> {
  /** Errors that cannot be repaired without a guess. */
  hopelessCount = 0;
  readonly #rules: Readonly<Record<Kind, FindingRule>>;
  readonly #onFinding: (finding: Finding<Kind>) => void;
  readonly #counts = { errors: 0, warnings: 0, notes: 0 };
  readonly #repairable = new Map<Kind, Finding<Kind>>();

  /**
   * A tally of nothing.
   *
   * @param rules The kinds of findings there are.
   * @param onFinding Told of every finding.
   */
  constructor(
    rules: Readonly<Record<Kind, FindingRule>>,
    onFinding: (finding: Finding<Kind>) => void,
  ) {
    this.#rules = rules;
    this.#onFinding = onFinding;
  }

  /** How many findings there were so far. */
  get counts(): FindingCounts {
    return { ...this.#counts };
  }

  /** What can be repaired: the first finding of each kind. */
  get repairable(): ReadonlyMap<Kind, Finding<Kind>> {
    return this.#repairable;
  }

  /**
   * Makes a finding.
   *
   * @param kind Which rule is broken.
   * @param message What was found, for people.
   * @param place Where.
   */
  add(kind: Kind, message: string, place: FindingPlace = {}): void {
    const { severity, isRepairable = false } = this.#rules[kind];
    const finding: Finding<Kind> = { kind, severity, isRepairable, ...place, message };
    this.#counts[COUNTERS[severity]]++;
    if (severity === "error" && !isRepairable) this.hopelessCount++;
    if (isRepairable && !this.#repairable.has(kind)) this.#repairable.set(kind, finding);
    this.#onFinding(finding);
  }
}
