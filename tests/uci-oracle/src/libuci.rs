//! Real libuci behind a safe face. The one file here with unsafe code.

use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

use certkeeper::uci::Value;
use libuci_sys as sys;

/// A section as libuci has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub kind: String,
    /// Generated if anonymous.
    pub name: String,
    pub anonymous: bool,
    pub options: Vec<(String, Value)>,
}

/// What a tuple such as `package.section.option` leads to.
pub enum Found {
    Package(Vec<Section>),
    Section(Section),
    /// A section, and one of its options.
    Option(Section, String, Value),
    Nothing,
}

/// libuci has said no; [`Uci::complain`] says why.
#[derive(Debug)]
pub struct Refused;

/// A uci context, in strict mode as libuci makes it.
pub struct Uci(*mut sys::uci_context);

impl Drop for Uci {
    fn drop(&mut self) {
        // SAFETY: allocated in `default`, freed here alone.
        unsafe { sys::uci_free_context(self.0) }
    }
}

impl Default for Uci {
    fn default() -> Self {
        // SAFETY: takes nothing; null is ruled out below.
        let context = unsafe { sys::uci_alloc_context() };
        assert!(!context.is_null(), "out of memory");
        Self(context)
    }
}

/// What `uci_load` makes of a file with this text (without NUL bytes), or why it refuses.
pub fn load(text: &[u8]) -> Result<Vec<Section>, String> {
    let uci = Uci::default();
    let mut file = text.to_vec();
    if file.is_empty() {
        file.push(b'\n'); // fmemopen may refuse nothing
    }
    let (mut package, mut reason) = (null_mut(), null_mut());
    // SAFETY: the stream reads `file`, which outlives it; the reason is ours to free.
    unsafe {
        let stream = libc::fmemopen(file.as_mut_ptr().cast(), file.len(), c"r".as_ptr());
        assert!(!stream.is_null(), "fmemopen");
        let code = sys::uci_import(uci.0, stream.cast(), c"file".as_ptr(), &mut package, true);
        libc::fclose(stream);
        if accept(code).is_ok() {
            return Ok(sections(package));
        }
        sys::uci_get_errorstr(uci.0, &mut reason, null_mut());
        let message = string(reason);
        libc::free(reason.cast());
        Err(message)
    }
}

/// A tuple looked up. libuci's pointer leads into the text, which must stay.
struct Tuple {
    ptr: sys::uci_ptr,
    _text: Vec<u8>,
}

impl Uci {
    pub fn set_confdir(&mut self, path: &CStr) -> Result<(), Refused> {
        // SAFETY: libuci copies the path.
        accept(unsafe { sys::uci_set_confdir(self.0, path.as_ptr()) })
    }

    pub fn set_savedir(&mut self, path: &CStr) -> Result<(), Refused> {
        // SAFETY: libuci copies the path.
        accept(unsafe { sys::uci_set_savedir(self.0, path.as_ptr()) })
    }

    pub fn add_delta_path(&mut self, path: &CStr) -> Result<(), Refused> {
        // SAFETY: libuci copies the path.
        accept(unsafe { sys::uci_add_delta_path(self.0, path.as_ptr()) })
    }

    /// Prints the last refusal.
    pub fn complain(&mut self) {
        // SAFETY: the context is live.
        unsafe { sys::uci_perror(self.0, c"uci".as_ptr()) }
    }

    pub fn find(&mut self, tuple: &CStr) -> Result<Found, Refused> {
        let Tuple { ptr, .. } = self.look_up(tuple)?;
        // SAFETY: what libuci found lives as long as its package, and is copied here.
        Ok(unsafe {
            match (ptr.o.as_ref(), ptr.s.as_ref(), ptr.p.is_null()) {
                (Some(o), Some(s), _) => Found::Option(section(s), string(o.e.name), value(o)),
                (None, Some(s), _) if ptr.option.is_null() => Found::Section(section(s)),
                (None, None, false) if ptr.section.is_null() => Found::Package(sections(ptr.p)),
                _ => Found::Nothing,
            }
        })
    }

    pub fn set(&mut self, tuple: &CStr) -> Result<(), Refused> {
        self.change(tuple, sys::uci_set)
    }

    pub fn add_list(&mut self, tuple: &CStr) -> Result<(), Refused> {
        self.change(tuple, sys::uci_add_list)
    }

    pub fn del_list(&mut self, tuple: &CStr) -> Result<(), Refused> {
        self.change(tuple, sys::uci_del_list)
    }

    pub fn delete(&mut self, tuple: &CStr) -> Result<(), Refused> {
        self.change(tuple, sys::uci_delete)
    }

    /// Adds an anonymous section and gives its generated name.
    pub fn add(&mut self, package: &CStr, kind: &CStr) -> Result<String, Refused> {
        let Tuple { ptr, .. } = self.look_up(package)?;
        let mut new = null_mut();
        // SAFETY: the package is loaded, and libuci sets `new` if it accepts.
        unsafe {
            accept(sys::uci_add_section(self.0, ptr.p, kind.as_ptr(), &mut new))?;
            accept(sys::uci_save(self.0, ptr.p))?;
            Ok(string((*new).e.name))
        }
    }

    pub fn commit(&mut self, package: &CStr) -> Result<(), Refused> {
        let mut ptr = self.look_up(package)?.ptr;
        // SAFETY: the package is loaded; libuci may put another in its place.
        accept(unsafe { sys::uci_commit(self.0, &mut ptr.p, false) })
    }

    /// Forgets all packages, as the `uci` program does between two lines of a batch.
    pub fn unload(&mut self) {
        // SAFETY: each package is taken off the list before the next is looked for.
        unsafe {
            while let Some(package) = elements(&(*self.0).root).next() {
                sys::uci_unload(self.0, package.cast_mut().cast());
            }
        }
    }

    /// The package names in the configuration folder.
    pub fn packages(&mut self) -> Result<Vec<CString>, Refused> {
        let mut list = null_mut();
        // SAFETY: libuci makes one block: an array that null ends, and its strings.
        unsafe {
            accept(sys::uci_list_configs(self.0, &mut list))?;
            let names = (0..)
                .map(|i| *list.add(i))
                .take_while(|name| !name.is_null())
                .map(|name| CStr::from_ptr(name).to_owned())
                .collect();
            libc::free(list.cast());
            Ok(names)
        }
    }

    /// Hands the words of each line of standard input to `run`, until that says stop.
    pub fn batch(&mut self, mut run: impl FnMut(&mut Self, &[CString]) -> bool) {
        // SAFETY: libuci owns the word until the next call, and it is copied before.
        unsafe {
            let input = libc::fdopen(0, c"r".as_ptr());
            while libc::feof(input) == 0 {
                let (mut rest, mut word) = (null_mut(), null_mut());
                let mut words = Vec::new();
                while sys::uci_parse_argument(self.0, input.cast(), &mut rest, &mut word) == 0
                    && *word != 0
                {
                    words.push(CStr::from_ptr(word).to_owned());
                }
                if !words.is_empty() && !run(self, &words) {
                    return;
                }
                self.unload();
            }
        }
    }

    fn look_up(&mut self, tuple: &CStr) -> Result<Tuple, Refused> {
        let mut text = tuple.to_bytes_with_nul().to_vec();
        let mut ptr = MaybeUninit::zeroed();
        // SAFETY: libuci cuts the text in place and fills the pointer, of which zero is a value.
        unsafe {
            let text = text.as_mut_ptr().cast();
            accept(sys::uci_lookup_ptr(self.0, ptr.as_mut_ptr(), text, true))?;
        }
        // SAFETY: zeroed above.
        let ptr = unsafe { ptr.assume_init() };
        Ok(Tuple { ptr, _text: text })
    }

    fn change(
        &mut self,
        tuple: &CStr,
        change: unsafe extern "C" fn(*mut sys::uci_context, *mut sys::uci_ptr) -> c_int,
    ) -> Result<(), Refused> {
        let mut tuple = self.look_up(tuple)?;
        // SAFETY: the pointer was looked up in this context, and its text is alive.
        unsafe {
            accept(change(self.0, &mut tuple.ptr))?;
            accept(sys::uci_save(self.0, tuple.ptr.p))
        }
    }
}

fn accept(code: c_int) -> Result<(), Refused> {
    if code == 0 { Ok(()) } else { Err(Refused) }
}

/// Every element begins with its place in the list that it is in.
unsafe fn elements<'a>(
    head: &'a sys::uci_list,
) -> impl Iterator<Item = *const sys::uci_element> + 'a {
    let mut at: *const sys::uci_list = head.next;
    std::iter::from_fn(move || {
        let element = (!std::ptr::eq(at, head)).then_some(at)?;
        // SAFETY: libuci's lists are rings of live elements.
        at = unsafe { (*element).next };
        Some(element.cast())
    })
}

unsafe fn sections(package: *const sys::uci_package) -> Vec<Section> {
    // SAFETY: a package's elements are sections, and each begins with its element.
    unsafe {
        elements(&(*package).sections)
            .map(|element| section(&*element.cast::<sys::uci_section>()))
            .collect()
    }
}

unsafe fn section(section: &sys::uci_section) -> Section {
    // SAFETY: a section's elements are options, and each begins with its element.
    unsafe {
        Section {
            kind: string(section.type_),
            name: string(section.e.name),
            anonymous: section.anonymous,
            options: elements(&section.options)
                .map(|element| &*element.cast::<sys::uci_option>())
                .map(|option| (string(option.e.name), value(option)))
                .collect(),
        }
    }
}

unsafe fn value(option: &sys::uci_option) -> Value {
    // SAFETY: the type says which part of the union holds.
    unsafe {
        if option.type_ == sys::uci_option_type_UCI_TYPE_STRING {
            Value::One(CStr::from_ptr(option.v.string).to_bytes().to_vec())
        } else {
            let entries = elements(&option.v.list);
            Value::List(
                entries
                    .map(|e| CStr::from_ptr((*e).name).to_bytes().to_vec())
                    .collect(),
            )
        }
    }
}

unsafe fn string(text: *const c_char) -> String {
    // SAFETY: libuci's names are C strings.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}
