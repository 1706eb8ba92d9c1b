// Payloads: a JSON header and blocks of numbers in base64, as workbench/views/payload.py packs them.

const TYPED_ARRAYS = {
  int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array,
  int32: Int32Array, uint32: Uint32Array, float32: Float32Array, float64: Float64Array,
};

const INT16_ONE = 32767;

function decodePayload(payload) {
  const blocks = {};
  for (const [name, { dtype, shape, data }] of Object.entries(payload.blocks)) {
    const text = atob(data);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    blocks[name] = { shape, values: new TYPED_ARRAYS[dtype](bytes.buffer) };
  }
  return { header: structuredClone(payload.header), blocks }; // a live view changes its own
}
