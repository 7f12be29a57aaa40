/**
 * Which image it is: what was learnt when it was opened, and pins every later answer.
 *
 * | kind | what pins it | is it enough |
 * |---|---|---|
 * | `strong ETag` | the ETag, letter for letter | yes: another byte is another ETag |
 * | `weak ETag` | the ETag and `Last-Modified` | the server says "means the same", not "is the same" |
 * | `Last-Modified` | the date | not for two changes within one second |
 * | `size alone` | the size | no: taken only on demand |
 *
 * The size always pins as well. A strong ETag is sent along as `If-Match` and `If-Range`, a date as
 * `If-Unmodified-Since`, so that a changed image is refused by the server; whatever the server makes
 * of them, its answer is compared.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Which version of an image is read. */
export interface ImageIdentity {
  /** What tells it from another version; see the module's head for what that is worth. */
  readonly kind: "strong ETag" | "weak ETag" | "Last-Modified" | "size alone";
  /** The `ETag` field, if there is one. */
  readonly etag: string | null;
  /** The `Last-Modified` field, if there is one. */
  readonly lastModified: string | null;
  /** The size of the image. */
  readonly sizeBytes: number;
}

/** How an answer differs from what was pinned. */
export interface Difference {
  /** Whether it is another image. Otherwise nothing tells which one it is. */
  readonly isChange: boolean;
  /** What was found, and what was wanted. */
  readonly why: string;
}

/**
 * Learns which image it is.
 *
 * @param headers The fields of the answer that opened it.
 * @param sizeBytes The size that it told.
 * @returns What later answers are compared with.
 */
export function identityOf(headers: Headers, sizeBytes: number): ImageIdentity {
  const etag = headers.get("ETag");
  const lastModified = headers.get("Last-Modified");
  const kind = etag !== null
    ? isStrong(etag) ? "strong ETag" : "weak ETag"
    : lastModified !== null
    ? "Last-Modified"
    : "size alone";
  return { kind, etag, lastModified, sizeBytes };
}

/** A strong ETag is quoted and nothing else; what is misspelt is at best a weak one. */
function isStrong(etag: string): boolean {
  return /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag);
}

/**
 * The fields that make a server refuse to serve another image.
 *
 * @param identity Which image is wanted.
 * @returns Request fields; none where the protocol has none (a weak ETag must not be sent).
 */
export function conditionsOf(identity: ImageIdentity): Record<string, string> {
  const { kind, etag, lastModified } = identity;
  if (kind === "strong ETag" && etag !== null) return { "If-Match": etag, "If-Range": etag };
  if (lastModified !== null) return { "If-Unmodified-Since": lastModified };
  return {};
}

/**
 * Compares an answer's fields with what was pinned. The size is not among them.
 *
 * @param identity What was pinned.
 * @param headers The answer's fields.
 * @returns How they differ, or `null` when they do not.
 */
export function findDifference(identity: ImageIdentity, headers: Headers): Difference | null {
  const { kind, etag, lastModified } = identity;
  // A server with several disks may tell several dates for what one strong ETag says is the same.
  const dateWanted = kind === "strong ETag" ? null : lastModified;
  return differenceOf("ETag", etag, headers) ?? differenceOf("Last-Modified", dateWanted, headers);
}

function differenceOf(field: string, wanted: string | null, headers: Headers): Difference | null {
  if (wanted === null) return null;
  const found = headers.get(field);
  if (found === wanted) return null;
  if (found === null) return { isChange: false, why: `its ${field} was ${wanted} and is gone` };
  return { isChange: true, why: `its ${field} was ${wanted} and is ${found}` };
}
