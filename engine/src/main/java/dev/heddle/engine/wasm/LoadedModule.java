package dev.heddle.engine.wasm;

import static java.lang.invoke.MethodHandles.publicLookup;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.engine.LoadedCode;
import dev.heddle.engine.Sandbox;
import dev.heddle.engine.SandboxLimits;
import dev.heddle.process.DataSize;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.lang.invoke.MethodHandleProxies;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import run.endive.runtime.ImportValues;
import run.endive.runtime.Instance;
import run.endive.runtime.Machine;
import run.endive.runtime.TableInstance;
import run.endive.wasm.Parser;
import run.endive.wasm.WasmModule;
import run.endive.wasm.types.Table;

/**
 * One version's module, ready to make instances: what they share is never written. Safe for any
 * thread.
 */
final class LoadedModule implements LoadedCode {
  private static final int PAGE = 1 << 16;

  /** An instance's memory is laid out in one array up to here: a larger one may find no room. */
  private static final long MAX_FLAT = 16L << 20;

  /** The share of the node's budget that one such array may take. */
  private static final int FLAT_SHARE = 16;

  private final String label;
  private final WasmLimits limits;
  private final MemoryBudget budget;
  private final Ticker ticker;
  private final ModuleLayout layout;
  private final GuestExports exports;
  private final WasmModule shell;
  private final Function<Instance, Machine> machines;
  private final ImportValues imports;
  private final StackNeed stack;
  private final byte[][] image;
  private final long imageBytes;
  private final int flatPages;
  private final LayoutHabit habit = new LayoutHabit();
  private final long compiledBytes;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param layout read from the module that was compiled
   * @throws HeddleException OVERLOADED where the node has no memory for what its memory starts with
   */
  LoadedModule(
      String label,
      WasmLimits limits,
      MemoryBudget budget,
      Ticker ticker,
      ModuleLayout layout,
      GuestExports exports,
      CompiledModule compiled)
      throws ReflectiveOperationException {
    this.label = label;
    this.limits = limits;
    this.budget = budget;
    this.ticker = ticker;
    this.layout = layout;
    this.exports = exports;
    this.shell = Parser.parse(layout.shell());
    this.machines = machines(compiled);
    this.stack = compiled.stack();
    this.imports = HostFunctions.importsOf(layout, stack);
    this.compiledBytes = compiled.bytes();
    this.flatPages = (int) (Math.min(MAX_FLAT, budget.limit() / FLAT_SHARE) / PAGE);
    this.imageBytes = MemoryImage.bytes(layout);
    budget.load(imageBytes);
    this.image = MemoryImage.of(layout);
  }

  private static Function<Instance, Machine> machines(CompiledModule compiled)
      throws ReflectiveOperationException {
    var loader = new CompiledClassLoader(compiled.classes());
    var machine = loader.loadClass(compiled.mainClass()).asSubclass(Machine.class);
    var constructor = publicLookup().unreflectConstructor(machine.getConstructor(Instance.class));
    @SuppressWarnings("unchecked")
    Function<Instance, Machine> factory =
        MethodHandleProxies.asInterfaceInstance(Function.class, constructor);
    return factory;
  }

  String label() {
    return label;
  }

  WasmLimits limits() {
    return limits;
  }

  MemoryBudget budget() {
    return budget;
  }

  Ticker ticker() {
    return ticker;
  }

  GuestExports exports() {
    return exports;
  }

  StackNeed stack() {
    return stack;
  }

  /**
   * @param cap in bytes, rounded down to pages
   */
  GuestMemory newMemory(DataSize cap, Guest guest) {
    long pages = Math.min(cap.bytes() / PAGE, layout.maxMemoryPages());
    if (image.length > pages) {
      throw new GuestException(
          "memory: " + image.length + " pages at the start (expected: at most " + pages + ")");
    }
    return new GuestMemory(image, (int) pages, flatPages, habit, budget, guest);
  }

  /** An instance over a memory; runs the module's start function. */
  Instance instantiate(GuestMemory memory) {
    return Instance.builder(shell)
        .withImportValues(imports)
        .withMachineFactory(machines)
        .withMemoryFactory(ignored -> memory)
        .withTableFactory(new Tables()::next)
        .withStart(false)
        .build();
  }

  /** Makes the tables of one instance, which come in the order of their indexes. */
  private final class Tables {
    private int next;

    TableInstance next(Table declared, int initial) {
      int index = next++;
      return new GuestTable(layout.tables().get(index), layout.maxTables()[index]);
    }
  }

  @Override
  public FunctionKind kind() {
    return exports.kind();
  }

  @Override
  public Sandbox newSandbox(SandboxLimits sandbox) {
    return new HandlerSandbox(this, sandbox);
  }

  @Override
  public ScatterInstance newScatterInstance(SandboxLimits sandbox, Consumer<String> log) {
    var guest = new ScatterGuest(this, sandbox, log);
    return new ScatterInstance(guest, guest);
  }

  /** Its memory, and its tables, which it may grow besides. */
  @Override
  public long reserves(SandboxLimits sandbox) {
    long entries = 0;
    for (int most : layout.maxTables()) {
      entries += most;
    }
    return sandbox.memory().bytes() + entries * Integer.BYTES;
  }

  @Override
  public long footprint() {
    return compiledBytes + imageBytes + layout.shell().length;
  }

  /** The garbage collector does the rest, once no instance is left. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      budget.unload(imageBytes);
    }
  }
}
