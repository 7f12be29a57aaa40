/**
 * Bytes for people: offset, hexadecimal, characters. A stretch of lines like the one before is one `*`.
 *
 * @module
 */

const LINE_BYTES = 16;

function lineOf(bytes: Uint8Array, offsetBytes: number): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  const left = hex.slice(0, 8).join(" ").padEnd(23);
  const right = hex.slice(8).join(" ").padEnd(23);
  const text = Array.from(
    bytes,
    (byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".",
  ).join("");
  return `${offsetBytes.toString(16).padStart(8, "0")}  ${left}  ${right}  |${text}|\n`;
}

/** Writes bytes that come in pieces. */
export class HexDump {
  readonly #write: (text: string) => void;
  #offsetBytes: number;
  #rest = new Uint8Array(0);
  #last: Uint8Array | null = null;
  #isSkipping = false;

  /**
   * Begins.
   *
   * @param offsetBytes What the first byte's offset is called.
   * @param write Where lines go.
   */
  constructor(offsetBytes: number, write: (text: string) => void) {
    this.#offsetBytes = offsetBytes;
    this.#write = write;
  }

  /** Takes more bytes. */
  add(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    let from = 0;
    for (; from + LINE_BYTES <= all.length; from += LINE_BYTES) {
      this.#line(all.slice(from, from + LINE_BYTES));
    }
    this.#rest = all.slice(from);
  }

  /** Ends with the offset behind the last byte. */
  end(): void {
    if (this.#rest.length > 0) this.#line(this.#rest);
    this.#write(`${this.#offsetBytes.toString(16).padStart(8, "0")}\n`);
  }

  #line(bytes: Uint8Array): void {
    const isSame = this.#last !== null && bytes.length === LINE_BYTES &&
      this.#last.every((byte, at) => byte === bytes[at]);
    if (!isSame) this.#write(lineOf(bytes, this.#offsetBytes));
    else if (!this.#isSkipping) this.#write("*\n");
    this.#isSkipping = isSame;
    this.#last = bytes;
    this.#offsetBytes += bytes.length;
  }
}
