package dev.heddle.engine.wasm;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.process.DataSize;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The class files that a module was compiled to, and their form on the wire: the same module gives
 * the same bytes, whoever compiles it.
 *
 * @param compiler name and version of what made it
 * @param digest SHA-256 of the module
 * @param kind as which it was deployed
 * @param stack what is known of its depth
 * @param mainClass the machine among the classes
 * @param classes class files by binary name
 */
record CompiledModule(
    String compiler,
    byte[] digest,
    FunctionKind kind,
    StackNeed stack,
    String mainClass,
    Map<String, byte[]> classes) {
  /** What this version of the platform makes and runs. */
  static final String COMPILER = "endive 1.0.0, abi 3";

  private static final int MAGIC = 0x48444C57;
  private static final int DIGEST_BYTES = 32;
  private static final int MAX_CLASSES = 10_000;
  private static final int MAX_IMPORTS = 256;

  byte[] encode() {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      out.writeInt(MAGIC);
      out.writeUTF(compiler);
      out.write(digest);
      out.writeBoolean(kind == FunctionKind.SCATTER);
      out.writeInt(stack.bytes());
      out.writeInt(stack.imports().size());
      for (int each : new TreeSet<>(stack.imports())) {
        out.writeInt(each);
      }
      out.writeUTF(mainClass);
      out.writeInt(classes.size());
      for (var entry : new TreeMap<>(classes).entrySet()) {
        out.writeUTF(entry.getKey());
        out.writeInt(entry.getValue().length);
        out.write(entry.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Whether this version of the compiler made it.
   *
   * @throws IOException if it is no compiled code
   */
  static boolean current(byte[] archive) throws IOException {
    var in = new DataInputStream(new ByteArrayInputStream(archive));
    if (in.readInt() != MAGIC) {
      throw new IOException("not compiled code (expected: what a deploy made)");
    }
    return in.readUTF().equals(COMPILER);
  }

  /**
   * @throws IOException if it is none, or one of another compiler
   */
  static CompiledModule decode(byte[] archive, DataSize max) throws IOException {
    if (archive.length > max.bytes()) {
      throw new IOException(archive.length + " bytes (expected: at most " + max + ")");
    }
    var in = new DataInputStream(new ByteArrayInputStream(archive));
    if (in.readInt() != MAGIC) {
      throw new IOException("not compiled code (expected: what a deploy made)");
    }
    var compiler = in.readUTF();
    if (!compiler.equals(COMPILER)) {
      throw new IOException(
          "compiled by " + compiler + " (expected: " + COMPILER + "; deploy it again)");
    }
    var digest = in.readNBytes(DIGEST_BYTES);
    var kind = in.readBoolean() ? FunctionKind.SCATTER : FunctionKind.HANDLER;
    var stack = stack(in);
    var mainClass = in.readUTF();
    int count = in.readInt();
    if (count < 1 || count > MAX_CLASSES) {
      throw new IOException(count + " classes (expected: 1.." + MAX_CLASSES + ")");
    }
    var classes = new HashMap<String, byte[]>();
    for (int i = 0; i < count; i++) {
      var name = in.readUTF();
      int length = in.readInt();
      if (length < 0 || length > in.available()) {
        throw new IOException("class " + name + ": cut off (expected: " + length + " bytes)");
      }
      classes.put(name, in.readNBytes(length));
    }
    if (in.available() > 0 || !classes.containsKey(mainClass)) {
      throw new IOException("no whole archive (expected: its main class, and no bytes after it)");
    }
    return new CompiledModule(compiler, digest, kind, stack, mainClass, classes);
  }

  private static StackNeed stack(DataInputStream in) throws IOException {
    int bytes = in.readInt();
    int count = in.readInt();
    if (bytes < 0 || bytes > StackNeed.MAX_BYTES || count < 0 || count > MAX_IMPORTS) {
      throw new IOException("stack: " + bytes + ", of " + count + " imports (expected: less)");
    }
    var imports = new HashSet<Integer>();
    for (int i = 0; i < count; i++) {
      imports.add(in.readInt());
    }
    return new StackNeed(bytes, imports);
  }

  boolean madeFrom(byte[] sha256) {
    return Arrays.equals(digest, sha256);
  }

  long bytes() {
    return classes.values().stream().mapToLong(each -> each.length).sum();
  }
}
