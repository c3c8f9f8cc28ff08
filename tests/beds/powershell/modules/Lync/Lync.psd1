@{
    RootModule = 'Lync.psm1'
    ModuleVersion = '0.1.0'
    GUID = 'ac0ff2fc-37a3-4745-951f-693731ac0d41'
    FunctionsToExport = '*'
    CmdletsToExport = @()
    AliasesToExport = @()
}
