import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.bson.BsonDecoder;
import de.bwaldvogel.mongo.wire.bson.BsonEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.type.BasicDataType;
import org.h2.mvstore.type.ObjectDataType;

/**
 * Documents in the store as BSON. A page of the store keeps the bytes, so a document is decoded only when it is read,
 * and the size of the store's cache is the memory that it uses.
 */
final class BsonType extends BasicDataType<byte[]> {
  private static final byte BSON = 127;

  static byte[] encode(Document document) {
    ByteBuf buffer = Unpooled.buffer(1024);
    BsonEncoder.encodeDocument(document, buffer);
    byte[] bytes = new byte[buffer.readableBytes()];
    buffer.readBytes(bytes);
    return bytes;
  }

  static Document decode(byte[] bytes) {
    return BsonDecoder.decodeBson(Unpooled.wrappedBuffer(bytes));
  }

  @Override
  public byte[][] createStorage(int size) {
    return new byte[size][];
  }

  @Override
  public int getMemory(byte[] bytes) {
    return 24 + bytes.length;
  }

  @Override
  public void write(WriteBuffer buffer, byte[] bytes) {
    buffer.put(BSON).put(bytes);
  }

  /** Stores of earlier versions contain serialized Java objects, which have another first byte. */
  @Override
  public byte[] read(ByteBuffer buffer) {
    int start = buffer.position();
    if (buffer.get(start) != BSON) return encode((Document) new ObjectDataType().read(buffer));
    // BSON begins with its length.
    byte[] bytes = new byte[buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN).getInt(start + 1)];
    buffer.position(start + 1).get(bytes);
    return bytes;
  }
}
