package dev.heddle.engine.wasm;

import java.util.Arrays;
import run.endive.runtime.Instance;
import run.endive.runtime.TableInstance;
import run.endive.runtime.TrapException;
import run.endive.wasm.types.Table;
import run.endive.wasm.types.TableLimits;
import run.endive.wasm.types.ValType;

/**
 * A table of one instance, filled from the module's image. Endive's own keeps its size in the
 * module, where the next instance would find it grown.
 */
final class GuestTable extends TableInstance {
  /** Stands for no function. */
  static final int NONE = -1;

  private final int max;
  private int[] entries;

  GuestTable(int[] image, int max) {
    super(new Table(ValType.FuncRef, new TableLimits(0, max)), NONE);
    this.max = max;
    this.entries = image.clone();
  }

  @Override
  public int size() {
    return entries.length;
  }

  @Override
  public int grow(int size, int value, Instance instance) {
    int before = entries.length;
    if (size < 0 || size > max - before) {
      return -1;
    }
    entries = Arrays.copyOf(entries, before + size);
    Arrays.fill(entries, before, before + size, value);
    return before;
  }

  @Override
  public int growWithRef(int size, Object value, Instance instance) {
    return -1;
  }

  @Override
  public int ref(int index) {
    return entries[index];
  }

  @Override
  public int requiredRef(int index) {
    int function = entries[index];
    if (function == NONE) {
      throw new TrapException("uninitialized element " + index);
    }
    return function;
  }

  @Override
  public Object objRef(int index) {
    throw new TrapException("no table of objects");
  }

  @Override
  public void setRef(int index, int value, Instance instance) {
    entries[index] = value;
  }

  @Override
  public void setObjRef(int index, Object value, Instance instance) {
    throw new TrapException("no table of objects");
  }

  /** Every function of a table is the instance's own. */
  @Override
  public @SuppressWarnings("NullAway") Instance instance(int index) {
    return null;
  }

  @Override
  public void reset() {
    Arrays.fill(entries, NONE);
  }
}
