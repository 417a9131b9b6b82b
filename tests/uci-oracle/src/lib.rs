pub mod libuci;
