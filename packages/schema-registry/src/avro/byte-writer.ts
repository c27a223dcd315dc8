import { maxNesting, ValueFault } from "./value-fault.ts";

const loneSurrogate = /\p{Surrogate}/u;

/** Strings up to this length are copied in a loop: a call into the runtime costs more. */
const shortString = 24;

/** A growing buffer with the primitives of Avro's binary encoding. It is kept and reused by its codec. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafeSlow(1024);
  #length = 0;
  #depth = 0;

  reset(): void {
    this.#length = 0;
    this.#depth = 0;
    if (this.#buffer.length > 1_048_576) this.#buffer = Buffer.allocUnsafeSlow(1024);
  }

  /** A copy of what was written since the last reset. */
  copy(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#length));
  }

  writeByte(byte: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = byte;
  }

  /** A 32-bit integer as zigzag varint. */
  writeInt(value: number): void {
    this.#reserve(5);
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#length++] = rest;
  }

  /** A 64-bit integer as zigzag varint. */
  writeLong(value: bigint): void {
    const number = Number(value);
    if (number >= -0x4000_0000 && number < 0x4000_0000) return this.writeInt(number);
    this.#reserve(10);
    // Below 2^51 the zigzag value is an exact double, which saves the bigint arithmetic.
    if (Math.abs(number) < 2 ** 51) {
      const zigzag = number >= 0 ? number * 2 : -number * 2 - 1;
      const high = Math.floor(zigzag / 0x1000_0000);
      this.#writeGroups(zigzag - high * 0x1000_0000, 4);
      this.#writeLast(high);
      return;
    }
    const zigzag = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    this.#writeGroups(Number(zigzag & 0xfff_ffffn), 4);
    this.#writeGroups(Number((zigzag >> 28n) & 0xfff_ffffn), 4);
    this.#writeLast(Number(zigzag >> 56n));
  }

  #writeGroups(bits: number, count: number): void {
    let rest = bits;
    for (let group = 0; group < count; group++) {
      this.#buffer[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
  }

  /** Ends a varint; a zero here leaves a longer form than needed, so it takes back the groups that are empty. */
  #writeLast(bits: number): void {
    let rest = bits;
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    if (rest > 0) {
      this.#buffer[this.#length++] = rest;
      return;
    }
    while (this.#buffer[this.#length - 1] === 0x80) this.#length -= 1;
    this.#buffer[this.#length - 1] = (this.#buffer[this.#length - 1] ?? 0) & 0x7f;
  }

  writeFloat(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeFloatLE(value, this.#length);
  }

  writeDouble(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  /** A string as its UTF-8 length and bytes; false, and nothing written, if a lone surrogate would be lost. */
  writeString(value: string): boolean {
    if (value.length <= shortString && this.#writeShortAscii(value)) return true;
    const length = Buffer.byteLength(value, "utf8");
    const isAscii = length === value.length;
    if (!isAscii && loneSurrogate.test(value)) return false;
    this.writeInt(length);
    this.#reserve(length);
    this.#length += this.#buffer.write(value, this.#length, length, isAscii ? "latin1" : "utf8");
    return true;
  }

  #writeShortAscii(value: string): boolean {
    this.#reserve(shortString + 1);
    const start = this.#length;
    let at = start + 1;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      this.#buffer[at++] = code;
    }
    this.#buffer[start] = value.length * 2;
    this.#length = at;
    return true;
  }

  writeRaw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Counts the records that the next value is inside of; `leave` undoes it. */
  enter(): void {
    this.#depth += 1;
    if (this.#depth > maxNesting) {
      throw new ValueFault(`at most ${maxNesting} nested records`, "more", "the value may refer to itself");
    }
  }

  leave(): void {
    this.#depth -= 1;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
