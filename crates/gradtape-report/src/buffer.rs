//! Text on its way from the threads that format it to its file.
//!
//! Groups of runs end in any order but are written in order, so their text waits in memory. The
//! total is bounded: a text that grows while memory is short continues in a temporary file.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Number of bytes in a full piece. Text in memory consists of pieces, so that a long text is
/// never copied to make room, and every piece can be reused, which saves the system from making
/// new pages.
const PIECE: usize = 1 << 16;

/// Extra room, so that a single addition usually fits into any piece.
const ROOM: usize = 1 << 14;

/// Maximum number of full pieces that wait at a time: 64 MiB.
const MAX_PIECES: usize = 1024;

/// The pieces of all texts of a report.
#[derive(Debug)]
pub(super) struct BufferPool {
    /// The directory of temporary files.
    folder: PathBuf,
    spare: Mutex<Vec<Vec<u8>>>,
    /// The number of full pieces that wait.
    waiting: AtomicUsize,
    limit: usize,
}

impl BufferPool {
    pub(super) fn new(folder: PathBuf) -> Arc<Self> {
        BufferPool::of(MAX_PIECES, folder)
    }

    fn of(limit: usize, folder: PathBuf) -> Arc<Self> {
        Arc::new(BufferPool {
            folder,
            spare: Mutex::default(),
            waiting: AtomicUsize::new(0),
            limit,
        })
    }

    fn take(&self) -> Vec<u8> {
        // A list of buffers cannot be half changed, so poison is harmless.
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let piece = spare.pop();
        drop(spare);
        piece.unwrap_or_else(|| Vec::with_capacity(PIECE + ROOM))
    }

    fn give_back(&self, mut piece: Vec<u8>) {
        // A piece that grew for a very long line is not kept.
        if piece.capacity() <= 2 * PIECE {
            piece.clear();
            let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
            spare.push(piece);
        }
    }

    /// Counts one more full piece, unless there are too many.
    fn may_wait(&self) -> bool {
        let one_more = |waiting| (waiting < self.limit).then_some(waiting + 1);
        let order = Ordering::Relaxed;
        self.waiting.fetch_update(order, order, one_more).is_ok()
    }

    fn has_waited(&self, piece: Vec<u8>) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.give_back(piece);
    }
}

/// The text of a group of runs for one file.
#[derive(Debug)]
pub(super) struct TextBuffer {
    pool: Arc<BufferPool>,
    /// The beginning that did not fit in memory.
    beginning: Option<File>,
    /// The following pieces, without the last one.
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
    /// The first error, returned when the text is taken.
    error: Option<io::Error>,
}

impl TextBuffer {
    /// An empty text.
    pub(super) fn new(pool: &Arc<BufferPool>) -> Self {
        TextBuffer {
            pool: Arc::clone(pool),
            beginning: None,
            full: Vec::new(),
            last: pool.take(),
            error: None,
        }
    }

    /// The end of the text, for additions.
    #[inline]
    pub(super) fn end(&mut self) -> &mut Vec<u8> {
        if self.last.len() >= PIECE {
            self.turn();
        }
        &mut self.last
    }

    /// Replaces the full last piece by an empty one.
    #[cold]
    fn turn(&mut self) {
        if self.beginning.is_none() && self.pool.may_wait() {
            let full = std::mem::replace(&mut self.last, self.pool.take());
            self.full.push(full);
            return;
        }
        if self.error.is_none() {
            self.error = self.move_to_file().err();
        }
        self.last.clear();
    }

    fn move_to_file(&mut self) -> io::Result<()> {
        let file = match &mut self.beginning {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(&self.pool.folder)?),
        };
        for piece in self.full.drain(..) {
            file.write_all(&piece)?;
            self.pool.has_waited(piece);
        }
        file.write_all(&self.last)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.beginning.is_none() && self.full.is_empty() && self.last.is_empty()
    }

    /// Appends the text to a file.
    ///
    /// # Errors
    ///
    /// If the file, or earlier the temporary file, could not be written.
    pub(super) fn append_to(self, file: &mut BufWriter<File>) -> io::Result<()> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if let Some(mut beginning) = self.beginning {
            beginning.rewind()?;
            io::copy(&mut beginning, file)?;
        }
        for piece in self.full {
            file.write_all(&piece)?;
            self.pool.has_waited(piece);
        }
        file.write_all(&self.last)?;
        self.pool.give_back(self.last);
        Ok(())
    }
}

impl Write for TextBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.end().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file of `length` bytes for each of `texts` texts, added line by line in turn, if at
    /// most `limit` full pieces may wait.
    fn written(limit: usize, texts: usize, length: usize) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let pool = BufferPool::of(limit, folder.path().to_owned());
        let mut all: Vec<TextBuffer> = (0..texts).map(|_| TextBuffer::new(&pool)).collect();
        for line in 0..length / 8 {
            for text in &mut all {
                writeln!(text, "{line:7}").unwrap();
            }
        }
        let full: usize = all.iter().map(|text| text.full.len()).sum();
        assert!(full <= limit && full == pool.waiting.load(Ordering::Relaxed));
        let path = folder.path().join("file");
        let mut file = BufWriter::new(File::create(&path).unwrap());
        for text in all {
            text.append_to(&mut file).unwrap();
        }
        file.flush().unwrap();
        assert_eq!(pool.waiting.load(Ordering::Relaxed), 0);
        // Every piece is available for the next text, and no temporary file is left.
        assert!(pool.take().capacity() > PIECE);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        std::fs::read(path).unwrap()
    }

    #[test]
    fn a_text_is_the_same_in_memory_and_in_a_temporary_file() {
        let length = 5 * PIECE / 2;
        let one: Vec<u8> = (0..length / 8)
            .flat_map(|line| format!("{line:7}\n").into_bytes())
            .collect();
        for limit in [0, 1, 3, 100] {
            for texts in [1, 3] {
                assert!(written(limit, texts, length) == one.repeat(texts));
            }
        }
    }

    #[test]
    fn what_is_longer_than_a_piece_stays_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let pool = BufferPool::new(folder.path().to_owned());
        let mut text = TextBuffer::new(&pool);
        let line = vec![b'x'; 3 * PIECE];
        text.write_all(&line).unwrap();
        text.write_all(b"\n").unwrap();
        assert_eq!((text.full.len(), text.last.len()), (1, 1));
        assert!(text.full[0] == line);
    }
}
