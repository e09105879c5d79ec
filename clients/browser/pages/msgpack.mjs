// MessagePack, as much of it as JSON has values for.

/** The bytes of a value. */
export function encode(value) {
  const out = [];
  put(out, value);
  return new Uint8Array(out);
}

function put(out, value) {
  if (value === null) out.push(0xc0);
  else if (typeof value === "boolean") out.push(value ? 0xc3 : 0xc2);
  else if (typeof value === "number") putNumber(out, value);
  else if (typeof value === "string") putText(out, value);
  else if (Array.isArray(value)) {
    putLength(out, value.length, 0x90, 16, 0xdc);
    for (const item of value) put(out, item);
  } else {
    const members = Object.entries(value);
    putLength(out, members.length, 0x80, 16, 0xde);
    for (const [name, member] of members) {
      putText(out, name);
      put(out, member);
    }
  }
}

function putNumber(out, value) {
  const size = Number.isInteger(value) ? (value >= 0 && value < 128 ? 1 : Math.abs(value) < 2 ** 31 ? 4 : 8) : 8;
  if (size === 1) return out.push(value);
  const view = new DataView(new ArrayBuffer(size));
  if (!Number.isInteger(value)) view.setFloat64(0, value);
  else if (size === 4) view.setInt32(0, value);
  else view.setBigInt64(0, BigInt(value));
  out.push(!Number.isInteger(value) ? 0xcb : size === 4 ? 0xd2 : 0xd3, ...new Uint8Array(view.buffer));
}

function putText(out, value) {
  const bytes = new TextEncoder().encode(value);
  putLength(out, bytes.length, 0xa0, 32, 0xda);
  out.push(...bytes);
}

function putLength(out, length, short, below, long) {
  if (length < below) out.push(short + length);
  else out.push(long, length >> 8, length & 0xff);
}

/** The value of an ArrayBuffer. */
export function decode(buffer) {
  const view = new DataView(buffer);
  const at = { view, next: 0 };
  const value = take(at);
  if (at.next !== buffer.byteLength) throw new Error(`the value ends at ${at.next} of ${buffer.byteLength} bytes`);
  return value;
}

// Beside each code of a number: its size, and how it is read.
const numbers = {
  0xca: [4, "getFloat32"], 0xcb: [8, "getFloat64"],
  0xcc: [1, "getUint8"], 0xcd: [2, "getUint16"], 0xce: [4, "getUint32"], 0xcf: [8, "getBigUint64"],
  0xd0: [1, "getInt8"], 0xd1: [2, "getInt16"], 0xd2: [4, "getInt32"], 0xd3: [8, "getBigInt64"],
};

function take(at) {
  const code = takeNumber(at, 1, "getUint8");
  if (code < 0x80) return code;
  if (code >= 0xe0) return code - 0x100;
  if (code < 0x90) return takeMap(at, code & 0x0f);
  if (code < 0xa0) return takeList(at, code & 0x0f);
  if (code < 0xc0) return takeText(at, code & 0x1f);
  if (code in numbers) return Number(takeNumber(at, ...numbers[code]));
  switch (code) {
    case 0xc0: return null;
    case 0xc2: return false;
    case 0xc3: return true;
    case 0xd9: return takeText(at, takeNumber(at, 1, "getUint8"));
    case 0xda: return takeText(at, takeNumber(at, 2, "getUint16"));
    case 0xdb: return takeText(at, takeNumber(at, 4, "getUint32"));
    case 0xdc: return takeList(at, takeNumber(at, 2, "getUint16"));
    case 0xde: return takeMap(at, takeNumber(at, 2, "getUint16"));
  }
  throw new Error(`there is no JSON for code ${code}`);
}

function takeNumber(at, size, how) {
  const value = at.view[how](at.next);
  at.next += size;
  return value;
}

function takeText(at, length) {
  const bytes = new Uint8Array(at.view.buffer, at.next, length);
  at.next += length;
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

function takeList(at, length) {
  return Array.from({ length }, () => take(at));
}

function takeMap(at, length) {
  return Object.fromEntries(Array.from({ length }, () => [take(at), take(at)]));
}
