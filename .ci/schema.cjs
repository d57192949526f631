// node schema.cjs SCHEMA DOCUMENT: ends with 0 when the JSON Schema accepts the document. Needs ajv 8 and ajv-formats.
const { readFileSync } = require("node:fs");
const [schema, document] = process.argv.slice(2, 4).map((file) => JSON.parse(readFileSync(file, "utf8")));
const Ajv = require(String(schema.$schema).includes("2020-12") ? "ajv/dist/2020" : "ajv");
const ajv = require("ajv-formats")(new (Ajv.default ?? Ajv)({ strict: false, allErrors: true }));
if (!ajv.validate(schema, document)) {
  console.error(ajv.errorsText(ajv.errors, { separator: "\n" }));
  process.exit(1);
}
