package dev.heddle.engine;

import dev.heddle.function.Handler;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes the calls by which code would end the process throw instead: a slip of one function must
 * not take the node along. It is no jail: code that means to can end the process by other ways.
 */
final class ExitGuard {
  private static final Map<String, Set<String>> ENDS =
      Map.of("java/lang/System", Set.of("exit"), "java/lang/Runtime", Set.of("exit", "halt"));
  private static final ClassDesc THROWN = ClassDesc.of("java.lang.UnsupportedOperationException");
  private static final MethodTypeDesc WITH_MESSAGE =
      MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String);
  private static final String MESSAGE =
      "exit: a function may not end the process (expected: return or throw)";

  private ExitGuard() {}

  /** The class, guarded where it needs to be; one that cannot be read comes back as it is. */
  static byte[] guard(byte[] classFile, JarCode code) {
    try {
      var plain = ClassFile.of().parse(classFile);
      return endsProcess(plain) ? guarded(classFile, code) : classFile;
    } catch (IllegalArgumentException e) {
      // The JVM will say what is wrong with it.
      return classFile;
    }
  }

  private static boolean endsProcess(ClassModel model) {
    for (var entry : model.constantPool()) {
      if (entry instanceof MemberRefEntry member
          && ends(member.owner().asInternalName(), member.name().stringValue())) {
        return true;
      }
    }
    return false;
  }

  private static boolean ends(String owner, String name) {
    return ENDS.getOrDefault(owner, Set.of()).contains(name);
  }

  private static byte[] guarded(byte[] classFile, JarCode code) {
    var hierarchy =
        ClassHierarchyResolver.ofResourceParsing((ClassDesc type) -> resource(type, code))
            .orElse(ClassHierarchyResolver.defaultResolver())
            .cached();
    var files = ClassFile.of(ClassHierarchyResolverOption.of(hierarchy));
    return files.transformClass(
        files.parse(classFile),
        ClassTransform.transformingMethodBodies((method, element) -> {
          if (element instanceof InvokeInstruction call
              && ends(call.owner().asInternalName(), call.name().stringValue())) {
            method
                .new_(THROWN)
                .dup()
                .loadConstant(MESSAGE)
                .invokespecial(THROWN, ConstantDescs.INIT_NAME, WITH_MESSAGE)
                .athrow();
          } else {
            method.with(element);
          }
        }));
  }

  private static @Nullable InputStream resource(ClassDesc type, JarCode code) {
    var descriptor = type.descriptorString();
    var name = descriptor.substring(1, descriptor.length() - 1);
    var own = code.classFile(name.replace('/', '.'));
    return own != null
        ? new ByteArrayInputStream(own)
        : Handler.class.getClassLoader().getResourceAsStream(name + ".class");
  }
}
