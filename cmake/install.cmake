# make install: library, header, hebb.pc, CMake package, command, man page, completion.
include(CMakePackageConfigHelpers)
set(HEBB_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Hebb)

install(DIRECTORY include/hebb DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(TARGETS hebb_static EXPORT HebbStaticTargets DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT HebbStaticTargets NAMESPACE Hebb:: DESTINATION ${HEBB_PACKAGE_DIR})
if(HEBB_SHARED)
  install(TARGETS hebb_shared EXPORT HebbTargets DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT HebbTargets NAMESPACE Hebb:: DESTINATION ${HEBB_PACKAGE_DIR})
endif()

if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(HEBB_PC_LIBDIR "${CMAKE_INSTALL_LIBDIR}")
else()
  set(HEBB_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(HEBB_PC_INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}")
else()
  set(HEBB_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
list(JOIN BLAS_LDFLAGS " " HEBB_PC_LIBS)
foreach(part YAML CJSON ZLIB CAIRO)
  list(JOIN ${part}_LDFLAGS " " flags)
  string(APPEND HEBB_PC_LIBS " ${flags}")
endforeach()
# The prefix is where the files are installed in the end, also with --prefix.
configure_file(cmake/hebb.pc.in hebb.pc @ONLY)
install(CODE "
  file(READ \"${CMAKE_CURRENT_BINARY_DIR}/hebb.pc\" text)
  string(REGEX REPLACE \"^prefix=[^\\n]*\" \"prefix=\${CMAKE_INSTALL_PREFIX}\" text \"\${text}\")
  file(WRITE \"${CMAKE_CURRENT_BINARY_DIR}/installed.pc\" \"\${text}\")")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/installed.pc RENAME hebb.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(HEBB_CAIRO AND CAIRO_FOUND)
  set(HEBB_FIND_CAIRO "pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo)")
endif()
configure_package_config_file(cmake/HebbConfig.cmake.in HebbConfig.cmake
  INSTALL_DESTINATION ${HEBB_PACKAGE_DIR})
write_basic_package_version_file(HebbConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/HebbConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/HebbConfigVersion.cmake DESTINATION ${HEBB_PACKAGE_DIR})

if(HEBB_CLI)
  file(RELATIVE_PATH HEBB_BIN_TO_LIB ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(hebb_command PROPERTIES INSTALL_RPATH "$ORIGIN/${HEBB_BIN_TO_LIB}")
  install(TARGETS hebb_command DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/hebb.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/hebb.bash RENAME hebb
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endif()
