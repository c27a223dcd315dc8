import { maxNesting, ValueFault } from "./value-fault.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** Elements without bytes of their own (such as nulls) that one decode may produce. */
const maxEmptyElements = 1_000_000;

/** The primitives of Avro's binary encoding over one value's bytes. No length is believed before it is checked. */
export class ByteReader {
  #bytes: Buffer;
  #at = 0;
  #emptyElements = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  position(): number {
    return this.#at;
  }

  rewind(position: number): void {
    this.#at = position;
  }

  requireEnd(): void {
    if (this.#at === this.#bytes.length) return;
    throw new ValueFault(
      `the end of the data after ${this.#at} bytes`,
      `${this.#bytes.length - this.#at} bytes more`,
      "the bytes were probably written with another schema",
    );
  }

  readByte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw this.#ended(1);
    this.#at += 1;
    return byte;
  }

  /** A zigzag varint of at most 32 bits. */
  readInt(): number {
    let bits = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.readByte();
      if (shift === 28 && byte > 0x0f) break;
      bits |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (bits >>> 1) ^ -(bits & 1);
    }
    throw new ValueFault(
      "an int of 32 bits",
      "a longer number",
      "the bytes were probably written with another schema",
    );
  }

  /** A zigzag varint of at most 64 bits. */
  readLong(): bigint {
    const low = this.#readGroups();
    if (low < 0x1000_0000) return BigInt((low >>> 1) ^ -(low & 1));
    const middle = this.#readGroups();
    const rest = middle & 0xfff_ffff;
    if (middle < 0x200_0000) {
      // Below 2^53 the zigzag value is an exact double, which saves the bigint arithmetic.
      const zigzag = rest * 0x1000_0000 + (low & 0xfff_ffff);
      return BigInt(zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2);
    }
    const high = middle < 0x1000_0000 ? 0 : this.#readHighest();
    const zigzag = (BigInt(high) << 56n) | (BigInt(rest) << 28n) | BigInt(low & 0xfff_ffff);
    return (zigzag >> 1n) ^ -(zigzag & 1n);
  }

  /** Up to four groups of seven bits; 2^28 is added when the number goes on behind them. */
  #readGroups(): number {
    let bits = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.readByte();
      bits |= (byte & 0x7f) << shift;
      if (byte < 0x80) return bits;
    }
    return bits + 0x1000_0000;
  }

  #readHighest(): number {
    const first = this.readByte();
    if (first < 0x80) return first;
    const second = this.readByte();
    if (second > 1) {
      throw new ValueFault(
        "a long of 64 bits",
        "a longer number",
        "the bytes were probably written with another schema",
      );
    }
    return (first & 0x7f) | (second << 7);
  }

  readFloat(): number {
    return this.#bytes.readFloatLE(this.#advance(4));
  }

  readDouble(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  readString(): string {
    const length = this.#readLength();
    const start = this.#advance(length);
    const text = this.#bytes.toString("utf8", start, start + length);
    // A replacement character is either data or the trace of bytes that are not UTF-8.
    if (text.includes("\ufffd")) this.#requireUtf8(start, length);
    return text;
  }

  #requireUtf8(start: number, length: number): void {
    try {
      strictUtf8.decode(this.#bytes.subarray(start, start + length));
    } catch {
      throw new ValueFault("a string in UTF-8", `${length} bytes that are not UTF-8`);
    }
  }

  /** Length-prefixed bytes, copied. */
  readBytes(): Uint8Array {
    return this.readFixed(this.#readLength());
  }

  /** The next bytes, copied. */
  readFixed(size: number): Uint8Array {
    const start = this.#advance(size);
    return new Uint8Array(this.#bytes.subarray(start, start + size));
  }

  skip(size: number): void {
    this.#advance(size);
  }

  skipBytes(): void {
    this.#advance(this.#readLength());
  }

  /**
   * The element count of the next block of an array or map; 0 ends it. Refuses counts that the remaining bytes cannot
   * hold, when elements take bytes at all.
   */
  readBlock(elementsTakeBytes: boolean): number {
    let count = this.#readSize();
    if (count < 0) {
      count = -count;
      this.#readSize();
    }
    const left = this.#bytes.length - this.#at;
    if (elementsTakeBytes) {
      if (count > left) throw new ValueFault(`a count of elements that fits ${left} bytes`, `${count}`);
      return count;
    }
    this.#emptyElements += count;
    if (this.#emptyElements > maxEmptyElements) {
      throw new ValueFault(`at most ${maxEmptyElements} elements without data`, `${this.#emptyElements}`);
    }
    return count;
  }

  /** Counts the records that the next value is inside of; `leave` undoes it. */
  enter(): void {
    this.#depth += 1;
    if (this.#depth > maxNesting) throw new ValueFault(`at most ${maxNesting} nested records`, "more");
  }

  leave(): void {
    this.#depth -= 1;
  }

  #readLength(): number {
    const length = this.#readSize();
    if (length < 0) throw new ValueFault("a length", `${length}`);
    return length;
  }

  /** A long that stands for a size; beyond 2^53 it is too large in any case. */
  #readSize(): number {
    const start = this.#at;
    const bits = this.#readGroups();
    if (bits < 0x1000_0000) return (bits >>> 1) ^ -(bits & 1);
    this.#at = start;
    return Number(this.readLong());
  }

  #advance(size: number): number {
    const start = this.#at;
    if (size > this.#bytes.length - start) throw this.#ended(size);
    this.#at = start + size;
    return start;
  }

  #ended(needed: number): ValueFault {
    return new ValueFault(
      `${needed} more bytes at byte ${this.#at}`,
      `${this.#bytes.length - this.#at}`,
      "the bytes are cut off or were written with another schema",
    );
  }
}
