// SPDX-License-Identifier: BSD-3-Clause
// What forms read of JSON schemas, and of the command templates of contract 2.

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  unit?: string;
  items?: Schema;
  anyOf?: Schema[];
  $ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  $defs?: Record<string, Schema>;
}

export interface Template {
  command: string;
  description: string;
  parameters: Record<
    string,
    {
      type: string;
      required: boolean;
      enum?: unknown[] | null;
      description?: string | null;
      unit?: string | null;
      range?: { min?: number; max?: number } | null;
      default?: unknown;
    }
  >;
}

export interface Kind {
  input: "choice" | "yes" | "number" | "time" | "password" | "email" | "lines" | "text";
  optional: boolean;
  schema: Schema; // without null
}

/** With `$ref` and `T or null` resolved: what to ask for, and whether it may stay empty. */
export function kind(given: Schema, root: Schema = given): Kind {
  let schema = given;
  let optional = false;
  for (let depth = 0; depth < 8; depth += 1) {
    if (schema.$ref) {
      const target = root.$defs?.[schema.$ref.split("/").at(-1) ?? ""] ?? {};
      schema = { ...target, ...schema, $ref: undefined };
    } else if (schema.anyOf) {
      const some = schema.anyOf.filter((each) => each.type !== "null");
      optional ||= some.length < schema.anyOf.length;
      schema = { ...(some[0] ?? {}), ...schema, anyOf: undefined };
    } else break;
  }
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  optional ||= types.includes("null");
  const type = types.find((each) => each !== "null");
  let input: Kind["input"] = "text";
  if (schema.enum) input = "choice";
  else if (type === "boolean") input = "yes";
  else if (type === "number" || type === "integer") input = "number";
  else if (type === "array" || type === "object") input = "lines";
  else if (schema.format === "date-time") input = "time";
  else if (schema.format === "password") input = "password";
  else if (schema.format === "email") input = "email";
  return { input, optional, schema: { ...schema, type } };
}

/** The parameters of a command as a schema, so that one form serves both. */
export function ofTemplate(template: Template): Schema {
  const types: Record<string, string> = { float: "number", int: "integer" };
  const properties: Record<string, Schema> = {};
  for (const [name, parameter] of Object.entries(template.parameters)) {
    properties[name] = {
      type: types[parameter.type] ?? parameter.type,
      title: words(name),
      description: parameter.description ?? undefined,
      enum: parameter.enum ?? undefined,
      unit: parameter.unit ?? undefined,
      minimum: parameter.range?.min,
      maximum: parameter.range?.max,
      default: parameter.default ?? undefined,
    };
  }
  const required = Object.entries(template.parameters).filter(([, each]) => each.required);
  return { type: "object", properties, required: required.map(([name]) => name) };
}

/** "integration_time" -> "Integration time". */
export function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A field's title, if somebody gave it one; Pydantic's own "Integration Time" is none. */
export function titled(title: string | undefined, name: string): string {
  const made = title?.toLowerCase() === name.replaceAll("_", " ").toLowerCase();
  return title === undefined || made ? words(name) : title;
}

/** What the form begins with: the schema's defaults. */
export function defaults(schema: Schema): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(schema.properties ?? {})) {
    if (each.default !== undefined) values[name] = each.default;
  }
  return values;
}
