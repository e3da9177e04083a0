// JSON as a tree. The text comes from the platform, so it is well-formed.

export class Json {
  kind: string = "null";
  text: string = "";
  number: f64 = 0;
  names: string[] = [];
  values: Json[] = [];

  /** A member of an object; a null where there is none. */
  get(name: string): Json {
    const at = this.names.indexOf(name);
    return at < 0 ? new Json() : this.values[at];
  }

  isNull(): bool {
    return this.kind == "null";
  }
}

class Reader {
  at: i32 = 0;
  constructor(public source: string) {}

  peek(): i32 {
    while (this.at < this.source.length && this.source.charCodeAt(this.at) <= 0x20) this.at++;
    return this.at < this.source.length ? this.source.charCodeAt(this.at) : 0;
  }

  value(): Json {
    const value = new Json();
    const first = this.peek();
    if (first == 0x7b || first == 0x5b) {
      value.kind = first == 0x7b ? "object" : "list";
      this.at++;
      while (this.peek() != 0 && this.peek() != 0x7d && this.peek() != 0x5d) {
        if (this.peek() == 0x2c) {
          this.at++;
          continue;
        }
        if (first == 0x7b) {
          value.names.push(this.string());
          this.peek();
          this.at++;
        }
        value.values.push(this.value());
      }
      this.at++;
    } else if (first == 0x22) {
      value.kind = "string";
      value.text = this.string();
    } else {
      const start = this.at;
      while (this.at < this.source.length && !this.ends(this.source.charCodeAt(this.at))) this.at++;
      value.text = this.source.substring(start, this.at);
      if (value.text == "true" || value.text == "false") {
        value.kind = "bool";
      } else if (value.text != "null") {
        value.kind = "number";
        value.number = parseFloat(value.text);
      }
    }
    return value;
  }

  ends(c: i32): bool {
    return c <= 0x20 || c == 0x2c || c == 0x5d || c == 0x7d;
  }

  string(): string {
    this.peek();
    this.at++;
    let text = "";
    while (this.at < this.source.length) {
      const c = this.source.charCodeAt(this.at++);
      if (c == 0x22) break;
      if (c != 0x5c) {
        text += String.fromCharCode(c);
        continue;
      }
      const escaped = this.source.charAt(this.at++);
      if (escaped == "u") {
        text += String.fromCharCode(<i32>parseInt(this.source.substr(this.at, 4), 16));
        this.at += 4;
      } else {
        text +=
          escaped == "n" ? "\n" : escaped == "t" ? "\t" : escaped == "r" ? "\r"
          : escaped == "b" ? "\b" : escaped == "f" ? "\f" : escaped;
      }
    }
    return text;
  }
}

export function parse(source: string): Json {
  return new Reader(source).value();
}

export function quote(text: string): string {
  let quoted = "\"";
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c == 0x22 || c == 0x5c) {
      quoted += "\\" + text.charAt(i);
    } else if (c < 0x20) {
      quoted += "\\u00" + (c < 0x10 ? "0" : "1") + "0123456789abcdef".charAt(c & 15);
    } else {
      quoted += text.charAt(i);
    }
  }
  return quoted + "\"";
}
