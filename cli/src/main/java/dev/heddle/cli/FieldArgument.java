package dev.heddle.cli;

import dev.heddle.cli.client.FieldSpec;
import dev.heddle.process.HeddleException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a command line argument as a field of a schema. */
final class FieldArgument implements ITypeConverter<FieldSpec> {
  @Override
  public FieldSpec convert(String value) {
    try {
      return FieldSpec.parse(value);
    } catch (HeddleException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
