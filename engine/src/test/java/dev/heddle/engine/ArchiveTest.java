package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;

final class ArchiveTest {
  private static final ArchiveLimits LIMITS =
      new ArchiveLimits(DataSize.ofMiB(1), 20, DataSize.ofMiB(4), DataSize.ofMiB(6), 200, 40);
  private static final String YAML = "name: f\nruntime: wasm\n";

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Map<String, byte[]> folder() {
    var files = new LinkedHashMap<String, byte[]>();
    files.put("heddle.yaml", text(YAML));
    files.put("build/main.wasm", new byte[] {0, 'a', 's', 'm'});
    return files;
  }

  private static byte[] zipWith(String name, byte[] content) {
    var files = folder();
    files.put(name, content);
    return Jars.zip(files);
  }

  private static void refused(String message, byte[] zip) {
    var failure = fails(ErrorCode.INVALID_FUNCTION, () -> Archive.read(zip, LIMITS));
    assertTrue(failure.getMessage().startsWith("code: " + message), failure.toString());
  }

  /** The archive with a field of the directory's entry {@code index} changed. */
  private static byte[] patched(byte[] zip, int index, Consumer<ByteBuffer> change) {
    var bytes = ByteBuffer.wrap(zip.clone()).order(ByteOrder.LITTLE_ENDIAN);
    int at = bytes.getInt(zip.length - 22 + 16);
    for (int i = 0; i < index; i++) {
      at += 46 + bytes.getShort(at + 28) + bytes.getShort(at + 30) + bytes.getShort(at + 32);
    }
    change.accept(bytes.slice(at, zip.length - at).order(ByteOrder.LITTLE_ENDIAN));
    return bytes.array();
  }

  @Test
  void aZipWithAManifestIsAFolder() {
    var code = Archive.read(Jars.zip(folder()), LIMITS);
    assertEquals(folder().keySet(), code.files().keySet());
    assertEquals(Optional.of(YAML), code.manifest());
    assertEquals(false, code.single());
    assertArrayEquals(folder().get("build/main.wasm"), code.files().get("build/main.wasm"));
  }

  @Test
  void anythingElseIsASingleFile() {
    for (var bytes :
        new byte[][] {
          text("\0asm"), new byte[0], text("PK"), Jars.zip(Map.of("a/heddle.yaml", new byte[1]))
        }) {
      var code = Archive.read(bytes, LIMITS);
      assertTrue(code.single());
      assertArrayEquals(bytes, code.files().get(Code.SINGLE));
      assertEquals(Optional.empty(), code.manifest());
    }
  }

  @Test
  void storedEntriesAndCommentsAreFine() throws Exception {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      zip.setComment("PK\5\6 built by hand");
      var entry = new ZipEntry("heddle.yaml");
      entry.setMethod(ZipEntry.STORED);
      var crc = new CRC32();
      crc.update(text(YAML));
      entry.setCrc(crc.getValue());
      entry.setSize(YAML.length());
      zip.putNextEntry(entry);
      zip.write(text(YAML));
      zip.putNextEntry(new ZipEntry("empty/"));
    }
    assertEquals(Optional.of(YAML), Archive.read(bytes.toByteArray(), LIMITS).manifest());
  }

  @Test
  void pathsOutOfTheFolderAreRefused() {
    for (var name :
        new String[] {
          "../evil",
          "a/../../evil",
          "/etc/passwd",
          "..",
          "a\\b",
          "C:\\x\\y",
          "a/./b",
          "a//b",
          "a\nb",
          "a\0b",
          "./a"
        }) {
      refused("entry '", zipWith(name, text("x")));
    }
    refused("a name of 41 bytes", zipWith("n".repeat(41), text("x")));
  }

  @Test
  void twoEntriesOfOneNameAreRefused() {
    var zip = Jars.zip(Map.of("heddle.yaml", text(YAML), "heddle.yamm", text("name: evil\n")));
    var twice = new String(zip, StandardCharsets.ISO_8859_1).replace("heddle.yamm", "heddle.yaml");
    refused("two entries heddle.yaml", twice.getBytes(StandardCharsets.ISO_8859_1));
    var files = folder();
    files.put("build/main.wasm/", new byte[0]);
    refused("two entries build/main.wasm/", Jars.zip(files));
  }

  @Test
  void linksAndDevicesAreRefused() {
    var zip = zipWith("a-link", text("/etc/passwd"));
    refused("link a-link", patched(zip, 2, at -> at.putInt(38, 0xA1FF << 16)));
    refused("device or pipe a-link", patched(zip, 2, at -> at.putInt(38, 0x21FF << 16)));
    refused("device or pipe a-link", patched(zip, 2, at -> at.putInt(38, 0x1000 << 16)));
    var plain = patched(zip, 2, at -> at.putInt(38, 0x81A4 << 16));
    assertEquals(3, Archive.read(plain, LIMITS).files().size());
  }

  @Test
  void bombsAreRefusedBeforeTheyUnpack() {
    refused("unpacks beyond 4MiB at zeros", zipWith("zeros", new byte[(4 << 20) + 1]));
    refused("zeros unpacks to ", zipWith("zeros", new byte[3 << 20]));
    var random = new byte[1 << 19];
    new Random(7).nextBytes(random);
    var both = new ByteArrayOutputStream();
    both.writeBytes(random);
    both.writeBytes(new byte[3 << 20]);
    var files = folder();
    files.put("a", both.toByteArray());
    files.put("b", new byte[(3 << 20) - 1]);
    refused("unpacks beyond 6MiB at b", Jars.zip(files));
    files.clear();
    for (int i = 0; i < 21; i++) {
      files.put("f" + i, new byte[0]);
    }
    refused("21 entries", Jars.zip(files));
    refused((1 << 20) + 1 + " bytes", new byte[(1 << 20) + 1]);
  }

  @Test
  void whatLiesAboutItsSizeIsRefused() {
    var zip = zipWith("data", new byte[10_000]);
    refused("entry data unpacks to another size", patched(zip, 2, at -> at.putInt(24, 9_999)));
    refused("entry data unpacks to another size", patched(zip, 2, at -> at.putInt(24, 10_001)));
    refused("unpacks beyond 4MiB at data", patched(zip, 2, at -> at.putInt(24, -1)));
    refused("entry data is cut", patched(zip, 2, at -> at.putInt(20, 1 << 20)));
    refused("entry data is damaged", patched(zip, 2, at -> at.putInt(16, 1)));
  }

  @Test
  void entriesThatShareBytesAreRefused() {
    var files = folder();
    files.put("aaa", text("x".repeat(100)));
    files.put("bbb", text("x".repeat(100)));
    var zip = Jars.zip(files);
    var header = new int[1];
    patched(zip, 2, at -> header[0] = at.getInt(42));
    refused("entry bbb has two names", patched(zip, 3, at -> at.putInt(42, header[0])));
    // The same name, in a header within the data of another entry.
    refused("no entry where its directory says", patched(zip, 3, at -> at.putInt(42, 5)));
    refused("no entry where its directory says", patched(zip, 3, at -> at.putInt(42, -9)));
    refused("entry bbb overlaps another", patched(zip, 2, at -> at.putInt(20, 40)));
  }

  @Test
  void encryptedOddlyPackedAndSplitArchivesAreRefused() {
    var zip = zipWith("data", text("x"));
    refused("entry data is encrypted", patched(zip, 2, at -> at.putShort(8, (short) 1)));
    refused("entry data packed by method 12", patched(zip, 2, at -> at.putShort(10, (short) 12)));
    var split = ByteBuffer.wrap(zip.clone()).order(ByteOrder.LITTLE_ENDIAN);
    split.putShort(zip.length - 22 + 4, (short) 1);
    refused("an archive of several disks", split.array());
    refused("not a zip archive", Arrays.copyOf(zip, zip.length + 1));
    refused("not a zip archive", Arrays.copyOf(zip, zip.length - 1));
    var more = ByteBuffer.wrap(zip.clone()).order(ByteOrder.LITTLE_ENDIAN);
    more.putShort(zip.length - 22 + 8, (short) 2).putShort(zip.length - 22 + 10, (short) 2);
    refused("broken directory", more.array());
  }

  @Test
  void damagedArchivesAreRefusedOrTheSame() {
    var zip = Jars.zip(folder());
    long seed = 42;
    var random = new Random(seed);
    for (int round = 0; round < 5_000; round++) {
      var damaged = zip.clone();
      for (int flips = random.nextInt(3); flips >= 0; flips--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      try {
        assertTrue(Archive.read(damaged, LIMITS).files().size() <= 2);
      } catch (HeddleException e) {
        assertEquals(ErrorCode.INVALID_FUNCTION, e.code(), "seed " + seed + ", round " + round);
      }
    }
  }

  @Test
  void aManifestThatIsNoTextIsRefused() {
    var files = folder();
    files.put("heddle.yaml", new byte[] {(byte) 0xC3});
    var code = Archive.read(Jars.zip(files), LIMITS);
    fails(ErrorCode.INVALID_FUNCTION, code::manifest);
  }
}
